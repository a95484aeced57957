/// Names and addresses as values: strict literals, canonical host names, address classes. Nothing here resolves a name.
package dev.declaw.model.network;
