/// What a sandbox is, apart from the machinery that runs it.
package dev.declaw.model.sandbox;
