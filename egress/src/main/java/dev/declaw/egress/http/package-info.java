/// HTTP/1.1 (RFC 9110, RFC 9112): a strict codec of our own and canonical serialisation.
package dev.declaw.egress.http;
