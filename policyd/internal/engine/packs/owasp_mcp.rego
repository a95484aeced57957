# OWASP MCP Top 10, the parts that a gate can enforce.
package declaw.packs.owasp_mcp

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "tool poisoning", "msg": "instructions in a tool's text"} if lib.found("injection")

content_deny contains {"control": "token mismanagement and secret exposure", "msg": "secrets or personal data"} if lib.found("pii")

cmd_deny contains {"control": "command injection and execution", "msg": "a download must not be run unread"} if lib.runs_download

cmd_deny contains {"control": "privilege escalation", "msg": "the tool may not raise its privileges"} if lib.gains_privilege

network_deny contains {"control": "unrestricted network access", "msg": "the host takes data of anybody"} if lib.sends_to_drop_site
