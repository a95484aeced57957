package api

import (
	"net/url"

	"declaw.dev/envd/internal/failure"
)

const defaultUser = "user"

type query struct {
	path, user  string
	depth       string
	kind, after string
	recursive   string
}

// query parses the query strictly: each parameter once, none but those named.
func (c *call) query(then func(query) error, allowed ...string) error {
	values, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return failure.New(failure.InvalidRequest, "the query is malformed")
	}
	for name, given := range values {
		known := false
		for _, candidate := range allowed {
			known = known || candidate == name
		}
		if !known {
			return failure.New(failure.InvalidRequest, "unknown query parameter %q", name)
		}
		if len(given) != 1 {
			return failure.New(failure.InvalidRequest, "query parameter %q is given twice", name)
		}
	}
	return then(query{
		path: values.Get("path"), user: orDefaultUser(values.Get("user")), depth: values.Get("depth"),
		kind: values.Get("kind"), after: values.Get("after"), recursive: values.Get("recursive"),
	})
}

func orDefaultUser(name string) string {
	if name == "" {
		return defaultUser
	}
	return name
}
