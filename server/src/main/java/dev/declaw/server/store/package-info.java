/// What survives a restart: one SQLite file (WAL), its migrations, and one class per table. SQL stands here and nowhere else,
/// in a form that PostgreSQL understands too. Nothing here decides anything.
package dev.declaw.server.store;
