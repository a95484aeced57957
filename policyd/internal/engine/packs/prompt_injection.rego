# Goes with injection_defense: whatever its scanner finds is denied, also where the stage itself only logs.
package declaw.packs.prompt_injection

import data.declaw.packs.lib
import rego.v1

content_deny contains {"control": "prompt-injection", "msg": "the text carries instructions for the model"} if lib.found("injection")
