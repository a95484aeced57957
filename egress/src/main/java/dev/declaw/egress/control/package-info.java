/// The channel between the server and the proxy process: slots with their sockets go in, CA certificates come out.
package dev.declaw.egress.control;
