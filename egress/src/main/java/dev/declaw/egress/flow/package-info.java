/// One guest connection from accept to close: destination, protocol, decision, upstream.
package dev.declaw.egress.flow;
