# NIST AI 100-1, technical measures for parts of the framework.
package declaw.packs.nist_ai_rmf

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "MEASURE 2.7", "msg": "prompt injection"} if lib.found("injection")

content_deny contains {"control": "MEASURE 2.10", "msg": "personal data"} if lib.found("pii")

content_deny contains {"control": "MEASURE 2.6", "msg": "toxic language"} if lib.found("toxicity")

cmd_deny contains {"control": "MEASURE 2.7", "msg": "the command would destroy the system"} if lib.destroys_system

network_deny contains {"control": "MEASURE 2.7", "msg": "cloud metadata is not reachable"} if lib.reads_metadata
