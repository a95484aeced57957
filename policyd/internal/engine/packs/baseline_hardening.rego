# A starting point for agents that run code of others.
package declaw.packs.baseline_hardening

import data.declaw.packs.lib
import rego.v1

cmd_deny contains {"control": "BH-1", "msg": "programs that load kernel modules are not allowed"} if lib.loads_kernel_module

cmd_deny contains {"control": "BH-2", "msg": "programs that open raw connections are not allowed"} if lib.opens_remote_shell

cmd_deny contains {"control": "BH-3", "msg": "a download must not be run unread"} if lib.runs_download

cmd_deny contains {"control": "BH-4", "msg": "the command would destroy the system"} if lib.destroys_system

network_deny contains {"control": "BH-5", "msg": "cloud metadata is not reachable"} if lib.reads_metadata

network_deny contains {"control": "BH-6", "msg": "the service sends credentials in plain text"} if lib.plaintext_service
