/// `./declaw demo`: the main job, once, visibly.
package dev.declaw.e2e.demo;
