# OWASP Top 10 for LLM Applications 2025, the parts that a gate can enforce.
package declaw.packs.owasp_llm_top10

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "LLM01", "msg": "prompt injection"} if lib.found("injection")

content_deny contains {"control": "LLM02", "msg": "sensitive information"} if lib.found("pii")

content_deny contains {"control": "LLM05", "msg": "harmful code in the output"} if lib.found("code_security")

cmd_deny contains {"control": "LLM06", "msg": "the agent may not raise its privileges"} if lib.gains_privilege

cmd_deny contains {"control": "LLM06", "msg": "the command would destroy the system"} if lib.destroys_system

network_deny contains {"control": "LLM06", "msg": "the host takes data of anybody"} if lib.sends_to_drop_site
