/// The custom policy of a sandbox at the gates of the proxy.
package dev.declaw.egress.custom;
