/// WebSocket (RFC 6455) without I/O: the opening handshake, frames read strictly and written anew.
package dev.declaw.egress.websocket;
