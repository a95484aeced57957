# CSA AI Controls Matrix, the parts that a gate can enforce.
package declaw.packs.csa_aicm

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "Data Security and Privacy", "msg": "sensitive data"} if lib.found("pii")

content_deny contains {"control": "Application and Interface Security", "msg": "prompt injection"} if lib.found("injection")

network_deny contains {"control": "Data Security and Privacy", "msg": "the host takes data of anybody"} if lib.sends_to_drop_site

network_deny contains {"control": "Infrastructure Security", "msg": "the service sends credentials in plain text"} if lib.plaintext_service

cmd_deny contains {"control": "Identity and Access Management", "msg": "the agent may not raise its privileges"} if lib.gains_privilege

cmd_deny contains {"control": "Threat and Vulnerability Management", "msg": "programs that load kernel modules are not allowed"} if lib.loads_kernel_module
