# Regulation (EU) 2024/1689, technical measures for some duties.
package declaw.packs.eu_ai_act

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "Article 15", "msg": "input that manipulates the model"} if lib.found("injection")

content_deny contains {"control": "Article 10", "msg": "personal data"} if lib.found("pii")

cmd_deny contains {"control": "Article 15", "msg": "programs that load kernel modules are not allowed"} if lib.loads_kernel_module
