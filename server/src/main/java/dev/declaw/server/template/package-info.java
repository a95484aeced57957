/// Templates: what there is, and building new ones inside microVMs from Dockerfiles and lists of commands.
package dev.declaw.server.template;
