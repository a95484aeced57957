/// Credentials that the guest never holds: what each is bound to, and how it is put into a request. No sockets here.
package dev.declaw.egress.credential;
