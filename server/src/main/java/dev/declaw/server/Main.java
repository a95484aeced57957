package dev.declaw.server;

final class Main {}
