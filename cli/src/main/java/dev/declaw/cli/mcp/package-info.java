/// `declaw mcp`: sandboxes as tools of the Model Context Protocol, under a policy that the operator fixed.
package dev.declaw.cli.mcp;
