# OWASP Agentic AI: Threats and Mitigations, the parts that a gate can enforce.
package declaw.packs.owasp_agentic

import data.declaw.packs.lib
import rego.v1

network_deny contains {"control": "T2", "msg": "the host takes data of anybody"} if lib.sends_to_drop_site

cmd_deny contains {"control": "T3", "msg": "the agent may not raise its privileges"} if lib.gains_privilege

cmd_deny contains {"control": "T11", "msg": "a download must not be run unread"} if lib.runs_download

cmd_deny contains {"control": "T11", "msg": "programs that open raw connections are not allowed"} if lib.opens_remote_shell

content_deny contains {"control": "T6", "msg": "instructions that would change the agent's goal"} if lib.found("injection")
