/// Who calls: API keys, their hashes, and the source of everything random (ids, tokens, keys).
package dev.declaw.server.auth;
