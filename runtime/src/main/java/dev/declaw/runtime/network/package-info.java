/// The slot: a network namespace that holds a tap device and nothing else, and the rules that leave one way out.
package dev.declaw.runtime.network;
