// Package engine compiles and evaluates policies in Rego (openpolicyagent.org/docs/policy-language). It does no I/O.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Limits of a policy and of an answer.
const (
	SourcesMax      = 64
	SourceBytesMax  = 256 * 1024 // of all sources together
	ProblemsMax     = 10
	MessagesMax     = 16
	MessageRunesMax = 300
)

// Root of the packages that are looked at, one for each gate.
const root = "declaw.platform."

// Packages below it are ours.
const packRoot = "declaw.packs"

// Gates in the order of an answer.
var Gates = []string{"cmd", "network", "content"}

// Source is one module as its author wrote it.
type Source struct {
	// Name is how problems refer to it: `inline_rego`, `inline_modules[0]`.
	Name string `json:"name"`
	Text string `json:"text"`
}

// Problem says why a policy cannot be used. Line and column count from one and are zero where there is no place.
type Problem struct {
	Module  string `json:"module"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Denial is one message of a deny set.
type Denial struct {
	// Rule is the package and name of the rule; for a pack, `pack@version control`. It never holds anything of the input.
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Policy is compiled and immutable.
type Policy struct {
	ID string
	// Gates that it has rules for.
	Gates []string
	// ReadsBody tells whether the content rules may look at `input.attributes.body`.
	ReadsBody bool
	// ReadsModel tells the same of `input.attributes.model`.
	ReadsModel bool
	Bytes      int
	queries    map[string][]query
}

type query struct {
	rule     string
	pack     string
	prepared rego.PreparedEvalQuery
}

// Compile parses, checks and compiles all sources and packs together.
func Compile(ctx context.Context, sources []Source, packs []string) (*Policy, []Problem) {
	size := 0
	for _, source := range sources {
		size += len(source.Text)
	}
	if len(sources) > SourcesMax || size > SourceBytesMax {
		return nil, []Problem{{Message: fmt.Sprintf("a policy has at most %d modules of together %d bytes", SourcesMax, SourceBytesMax)}}
	}
	modules := map[string]*ast.Module{}
	offsets := map[string]int{}
	var problems []Problem
	for _, source := range sources {
		module, offset, found := parse(source)
		problems = append(problems, found...)
		if module != nil {
			modules[source.Name] = module
			offsets[source.Name] = offset
		}
	}
	for _, name := range packs {
		pack, known := Packs()[name]
		if !known {
			problems = append(problems, Problem{Module: "policy_ref", Message: "there is no pack '" + name + "'; the packs are " + strings.Join(PackNames(), ", ")})
			continue
		}
		module, err := ast.ParseModuleWithOpts(name, pack.Text, ast.ParserOptions{Capabilities: sandboxed(), RegoVersion: ast.RegoV1})
		if err != nil {
			panic("a pack of ours does not parse: " + err.Error())
		}
		modules[name] = module
	}
	if len(packs) > 0 {
		library := ast.MustParseModuleWithOpts(packFile(libraryFile), ast.ParserOptions{Capabilities: sandboxed(), RegoVersion: ast.RegoV1})
		modules[libraryFile] = library
	}
	if len(problems) > 0 {
		return nil, capped(problems)
	}
	compiler := ast.NewCompiler().WithCapabilities(sandboxed()).WithDefaultRegoVersion(ast.RegoV1)
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, capped(placed(compiler.Errors, offsets))
	}
	policy := &Policy{ID: Identity(sources, packs), Bytes: size, queries: map[string][]query{}}
	for _, gate := range Gates {
		queries, err := prepare(ctx, compiler, gate, packs)
		if err != nil {
			return nil, []Problem{{Message: explained(err.Error())}}
		}
		if len(queries) > 0 {
			policy.queries[gate] = queries
			policy.Gates = append(policy.Gates, gate)
		}
	}
	policy.ReadsBody = reads(modules, "body")
	policy.ReadsModel = reads(modules, "model")
	return policy, nil
}

// Identity is the digest of what a policy is made of.
func Identity(sources []Source, packs []string) string {
	text, err := json.Marshal([]any{sources, packs})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// parse reads a module as Rego v1, or as the older language where only that accepts it. One without a package belongs to
// the command gate.
func parse(source Source) (*ast.Module, int, []Problem) {
	text, offset := source.Text, 0
	if !hasPackage(text) {
		text, offset = "package "+root+"cmd\n"+text, 1
	}
	if strings.TrimSpace(source.Text) == "" {
		return nil, 0, []Problem{{Module: source.Name, Message: "is empty"}}
	}
	module, err := ast.ParseModuleWithOpts(source.Name, text, ast.ParserOptions{Capabilities: sandboxed(), RegoVersion: ast.RegoV1})
	if err != nil {
		older, olderErr := ast.ParseModuleWithOpts(source.Name, text, ast.ParserOptions{Capabilities: sandboxed(), RegoVersion: ast.RegoV0})
		if olderErr != nil {
			return nil, 0, placed(err, map[string]int{source.Name: offset})
		}
		module = older
	}
	path := strings.TrimPrefix(module.Package.Path.String(), "data.")
	for _, ours := range []string{packRoot, "system"} {
		if path == ours || strings.HasPrefix(path, ours+".") {
			return nil, 0, []Problem{{Module: source.Name, Line: module.Package.Location.Row - offset, Column: 1, Message: "the package " + ours + " is reserved"}}
		}
	}
	return module, offset, nil
}

// hasPackage looks at the first line that is neither empty nor a comment.
func hasPackage(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		return line == "package" || strings.HasPrefix(line, "package ") || strings.HasPrefix(line, "package\t")
	}
	return false
}

func placed(err error, offsets map[string]int) []Problem {
	var list ast.Errors
	if !errors.As(err, &list) {
		return []Problem{{Message: err.Error()}}
	}
	problems := make([]Problem, 0, len(list))
	for _, each := range list {
		problem := Problem{Message: explained(strings.TrimSpace(each.Message))}
		if each.Location != nil {
			problem.Module = each.Location.File
			problem.Line = max(1, each.Location.Row-offsets[each.Location.File])
			problem.Column = each.Location.Col
		}
		problems = append(problems, problem)
	}
	sort.SliceStable(problems, func(a, b int) bool {
		if problems[a].Module != problems[b].Module {
			return problems[a].Module < problems[b].Module
		}
		return problems[a].Line < problems[b].Line
	})
	return problems
}

func capped(problems []Problem) []Problem {
	if len(problems) > ProblemsMax {
		problems = problems[:ProblemsMax]
	}
	for i := range problems {
		problems[i].Message = cut(problems[i].Message)
	}
	return problems
}

func cut(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(runes) <= MessageRunesMax {
		return string(runes)
	}
	return string(runes[:MessageRunesMax-1]) + "…"
}

func prepare(ctx context.Context, compiler *ast.Compiler, gate string, packs []string) ([]query, error) {
	var queries []query
	names := []string{"deny"}
	if gate == "cmd" {
		names = append(names, "deny_command")
	}
	for _, name := range names {
		if err := add(ctx, compiler, &queries, root+gate+"."+name, ""); err != nil {
			return nil, err
		}
	}
	for _, pack := range packs {
		if err := add(ctx, compiler, &queries, Packs()[pack].path+"."+gate+"_deny", pack); err != nil {
			return nil, err
		}
	}
	return queries, nil
}

func add(ctx context.Context, compiler *ast.Compiler, queries *[]query, rule string, pack string) error {
	if len(compiler.GetRules(ast.MustParseRef("data."+rule))) == 0 {
		return nil
	}
	prepared, err := rego.New(
		rego.Compiler(compiler),
		rego.Query("data."+rule),
		rego.StrictBuiltinErrors(true), // a rule whose function failed has not been evaluated
	).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	*queries = append(*queries, query{rule: rule, pack: pack, prepared: prepared})
	return nil
}

// Decide evaluates the rules of a gate for each input; what any of them denies is denied. The error is that of the first
// evaluation that failed; a policy without rules for the gate denies nothing.
func (policy *Policy) Decide(ctx context.Context, gate string, inputs []any) ([]Denial, error) {
	seen := map[Denial]bool{}
	var denials []Denial
	for _, input := range inputs {
		value, err := ast.InterfaceToValue(input)
		if err != nil {
			return nil, err
		}
		for _, each := range policy.queries[gate] {
			results, err := each.prepared.Eval(ctx, rego.EvalParsedInput(value))
			if err != nil {
				return nil, err
			}
			for _, result := range results {
				for _, expression := range result.Expressions {
					for _, denial := range each.denials(expression.Value) {
						if !seen[denial] && len(denials) < MessagesMax {
							seen[denial] = true
							denials = append(denials, denial)
						}
					}
				}
			}
		}
	}
	sort.Slice(denials, func(a, b int) bool {
		if denials[a].Rule != denials[b].Rule {
			return denials[a].Rule < denials[b].Rule
		}
		return denials[a].Message < denials[b].Message
	})
	return denials, nil
}

// denials reads what a rule gave: a set or list of messages, one message, or the word true.
func (each query) denials(value any) []Denial {
	switch typed := value.(type) {
	case bool:
		if typed {
			return []Denial{{Rule: each.rule, Message: "denied by " + each.rule}}
		}
		return nil
	case []any:
		var all []Denial
		for _, element := range typed {
			all = append(all, each.denial(element))
		}
		return all
	case nil:
		return nil
	default:
		return []Denial{each.denial(typed)}
	}
}

func (each query) denial(value any) Denial {
	switch typed := value.(type) {
	case string:
		return Denial{Rule: each.rule, Message: cut(typed)}
	case map[string]any:
		control, hasControl := typed["control"].(string)
		message, hasMessage := typed["msg"].(string)
		if each.pack != "" && hasControl && hasMessage { // only our packs name their control: a stranger's text may be input
			return Denial{Rule: each.pack + " " + control, Message: cut(message)}
		}
		if hasMessage {
			return Denial{Rule: each.rule, Message: cut(message)}
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte("denied")
	}
	return Denial{Rule: each.rule, Message: cut(string(text))}
}

// reads tells whether any reference may reach an attribute of the input.
func reads(modules map[string]*ast.Module, attribute string) bool {
	found := false
	for _, module := range modules {
		ast.WalkRefs(module, func(ref ast.Ref) bool {
			if len(ref) == 0 || !ref[0].Equal(ast.InputRootDocument) {
				return false
			}
			for i, want := range []string{"attributes", attribute} {
				if len(ref) <= i+1 {
					found = true // the whole of it may be looked through
					return true
				}
				word, constant := ref[i+1].Value.(ast.String)
				if constant && string(word) != want {
					return false
				}
			}
			found = true
			return true
		})
	}
	return found
}

// Kind names what went wrong in an evaluation and where, without its message, which may quote the input.
func Kind(err error) string {
	var failure *topdown.Error
	if !errors.As(err, &failure) {
		return "internal_error"
	}
	if failure.Location == nil {
		return failure.Code
	}
	return fmt.Sprintf("%s at %s:%d:%d", failure.Code, failure.Location.File, failure.Location.Row, failure.Location.Col)
}
