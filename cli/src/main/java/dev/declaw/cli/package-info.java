/// The command line `declaw`: commands for people and scripts, through the Java client only.
package dev.declaw.cli;
