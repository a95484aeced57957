/// The way into a sandbox: relays HTTP and WebSocket exchanges to a port inside it. What comes from the guest is parsed strictly and
/// bounded; who may ask is the API's matter.
package dev.declaw.server.ports;
