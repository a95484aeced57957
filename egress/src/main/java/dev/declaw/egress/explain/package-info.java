/// What a policy would do with a request, without a connection: for people and their tests. Nothing here sends anything.
package dev.declaw.egress.explain;
