package engine

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Builtins that give another answer each time are refused, since they read the machine or the network, but for these.
var harmless = map[string]bool{"time.now_ns": true, "rand.intn": true, "uuid.rfc4122": true}

// Builtins that may read files or the network although they are not declared so, that turn a short text into any amount of
// memory in one step, or that can be told to use up the processor without looking at the clock.
var refused = map[string]bool{
	"json.match_schema": true, "json.verify_schema": true, // schemas may refer to others by URL
	"bits.lsh": true, "net.cidr_expand": true, "strings.render_template": true,
	"regex.globs_match": true,
	"graphql.is_valid":  true, "graphql.parse": true, "graphql.parse_and_verify": true,
	"graphql.parse_query": true, "graphql.parse_schema": true, "graphql.schema_is_valid": true,
	"crypto.x509.parse_and_verify_certificates": true, "crypto.x509.parse_and_verify_certificates_with_options": true,
	"rego.parse_module": true, "trace": true,
}

// sandboxed is what OPA can do, less what a policy of a stranger may not do.
func sandboxed() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	kept := make([]*ast.Builtin, 0, len(all.Builtins))
	for _, builtin := range all.Builtins {
		if refused[builtin.Name] || builtin.Nondeterministic && !harmless[builtin.Name] {
			continue
		}
		kept = append(kept, builtin)
	}
	all.Builtins = kept
	all.AllowNet = []string{}
	return all
}

// explained says why an unknown function is one, where a reader of OPA's documentation would not expect it.
func explained(message string) string {
	const undefined = "undefined function "
	if name, found := strings.CutPrefix(message, undefined); found {
		for _, builtin := range ast.Builtins {
			if builtin.Name == strings.TrimSpace(name) {
				return message + ": policies here have no access to network, files or the host's state"
			}
		}
	}
	return message
}
