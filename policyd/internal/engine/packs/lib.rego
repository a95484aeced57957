# What several packs look for. A command is judged once as the text that a shell gets and once for each program that is started.
package declaw.packs.lib

import rego.v1

program := input.action.command

words := [program | program != ""] if not input.action.args

words := array.concat([program], input.action.args) if input.action.args

line := input.action.text if input.action.text

line := concat(" ", words) if not input.action.text

loads_kernel_module if program in {"insmod", "modprobe", "rmmod", "kmod"}

gains_privilege if program in {"sudo", "su", "pkexec", "doas", "nsenter", "unshare", "chroot"}

opens_remote_shell if program in {"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "telnet"}

opens_remote_shell if regex.match(`/dev/(tcp|udp)/`, line)

runs_download if regex.match(`\b(curl|wget)\b[^|;&]*\|\s*(sudo\s+)?(env\s+)?(/\S*/)?((ba|da|z|k)?sh|python[0-9.]*|perl|node|ruby)\b`, line)

destroys_system if regex.match(`\brm\s+(-\S+\s+)*-\S*[rR]\S*\s+(-\S+\s+)*(--\s+)?/(\*|\s|$)`, line)

destroys_system if regex.match(`\bdd\b.*\bof=/dev/(sd|vd|nvme|hd)`, line)

destroys_system if startswith(program, "mkfs")

host := lower(input.action.host)

reads_metadata if host in {"169.254.169.254", "metadata.google.internal", "metadata", "100.100.100.200", "fd00:ec2::254"}

plaintext_service if input.action.port in {21, 23, 25, 110, 143, 389, 445, 512, 513, 514}

drop_sites := {
	"pastebin.com", "paste.ee", "hastebin.com", "dpaste.com", "ix.io", "0x0.st", "transfer.sh", "file.io", "temp.sh",
	"webhook.site", "requestbin.com", "pipedream.net", "ngrok.io", "ngrok-free.app", "trycloudflare.com", "oast.fun",
	"oast.pro", "oast.site", "interact.sh", "burpcollaborator.net", "serveo.net", "localhost.run", "anonfiles.com", "gofile.io",
}

sends_to_drop_site if {
	some site in drop_sites
	host == site
}

sends_to_drop_site if {
	some site in drop_sites
	endswith(host, concat("", [".", site]))
}

found(scanner) if input.attributes.scan_results[scanner].flagged
