/// The certificate of the API's TLS listener: one that the operator gives, or one that the server makes for itself.
package dev.declaw.server.tls;
