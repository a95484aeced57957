# MITRE ATLAS, techniques of attackers against AI systems.
package declaw.packs.mitre_atlas

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "AML.T0051", "msg": "prompt injection"} if lib.found("injection")

content_deny contains {"control": "AML.T0057", "msg": "data leakage"} if lib.found("pii")

network_deny contains {"control": "AML.T0025", "msg": "exfiltration to a host that takes data of anybody"} if lib.sends_to_drop_site

network_deny contains {"control": "AML.T0055", "msg": "credentials from cloud metadata"} if lib.reads_metadata

cmd_deny contains {"control": "AML.T0050", "msg": "programs that open raw connections are not allowed"} if lib.opens_remote_shell

cmd_deny contains {"control": "AML.T0050", "msg": "a download must not be run unread"} if lib.runs_download
