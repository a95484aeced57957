# ISO/IEC 42001:2023, technical measures for an AI management system.
package declaw.packs.iso_42001

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "A.7", "msg": "personal data"} if lib.found("pii")

content_deny contains {"control": "A.6", "msg": "prompt injection"} if lib.found("injection")

network_deny contains {"control": "A.9", "msg": "the host takes data of anybody"} if lib.sends_to_drop_site

network_deny contains {"control": "A.9", "msg": "the service sends credentials in plain text"} if lib.plaintext_service
