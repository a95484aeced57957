/// What scanners read and report. A scanner is pure: text in, findings out.
package dev.declaw.model.scan;
