/// The client of the guest agent `envd`; the protocol is protocol/guest.md.
package dev.declaw.runtime.guest;
