package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"declaw.dev/envd/internal/failure"
)

const copyStepBytes = 1 << 20

func (s *Server) fileCalls(c *call) (bool, error) {
	switch {
	case c.is("GET"):
		return true, c.query(func(q query) error { return s.readFile(c, q) }, "path", "user")
	case c.is("PUT"):
		return true, c.query(func(q query) error { return s.writeFile(c, q) }, "path", "user")
	case c.is("DELETE"):
		return true, c.query(func(q query) error {
			if err := s.files.Remove(q.path, q.user); err != nil {
				return err
			}
			return c.answer(struct{}{})
		}, "path", "user")
	case c.is("GET", "list"):
		return true, c.query(func(q query) error { return s.listFiles(c, q) }, "path", "user", "depth")
	case c.is("GET", "info"):
		return true, c.query(func(q query) error {
			entry, err := s.files.Info(q.path, q.user)
			if err != nil {
				return err
			}
			return c.answer(entry)
		}, "path", "user")
	case c.is("GET", "exists"):
		return true, c.query(func(q query) error {
			exists, err := s.files.Exists(q.path, q.user)
			if err != nil {
				return err
			}
			return c.answer(map[string]bool{"exists": exists})
		}, "path", "user")
	case c.is("GET", "watch"):
		return true, c.query(func(q query) error { return s.watchFiles(c, q) }, "path", "user", "recursive")
	case c.is("POST", "rename"):
		return true, s.renameFile(c)
	case c.is("POST", "mkdir"):
		return true, s.makeDirectory(c)
	}
	return false, nil
}

func (s *Server) readFile(c *call, q query) error {
	content, err := s.files.Read(q.path, q.user)
	if err != nil {
		return err
	}
	defer content.File.Close()
	c.Header().Set("Content-Type", "application/octet-stream")
	if content.Size >= 0 {
		c.Header().Set("Content-Length", strconv.FormatInt(content.Size, 10))
	}
	for sent := int64(0); sent != content.Size; {
		step := int64(copyStepBytes)
		if left := content.Size - sent; left > 0 && left < step {
			step = left
		}
		c.setWriteDeadline()
		n, err := io.CopyN(c.ResponseWriter, content.File, step)
		sent += n
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && content.Size < 0:
			return nil
		case sent == 0 && content.Size < 0:
			return failure.Of(err, q.path) // a device or file of /proc that refuses to be read; nothing was sent
		default:
			panic(http.ErrAbortHandler) // only a broken connection tells the peer that this is not all
		}
	}
	return nil
}

func (s *Server) writeFile(c *call, q query) error {
	size, err := s.files.Write(q.path, q.user, c.request.Body)
	if err != nil {
		return err
	}
	return c.answer(map[string]int64{"size": size})
}

func (s *Server) listFiles(c *call, q query) error {
	depth := 1
	if q.depth != "" {
		var err error
		if depth, err = strconv.Atoi(q.depth); err != nil || depth < 1 {
			return failure.New(failure.InvalidRequest, "depth must be a positive integer")
		}
	}
	entries, truncated, err := s.files.List(q.path, q.user, depth)
	if err != nil {
		return err
	}
	return c.answer(map[string]any{"entries": entries, "truncated": truncated})
}

func (s *Server) renameFile(c *call) error {
	var body struct {
		OldPath string `json:"old_path"`
		NewPath string `json:"new_path"`
		User    string `json:"user"`
	}
	if err := c.decode(&body); err != nil {
		return err
	}
	entry, err := s.files.Rename(body.OldPath, body.NewPath, orDefaultUser(body.User))
	if err != nil {
		return err
	}
	return c.answer(entry)
}

func (s *Server) makeDirectory(c *call) error {
	var body struct {
		Path string `json:"path"`
		User string `json:"user"`
	}
	if err := c.decode(&body); err != nil {
		return err
	}
	created, err := s.files.MakeDirectory(body.Path, orDefaultUser(body.User))
	if err != nil {
		return err
	}
	return c.answer(map[string]bool{"created": created})
}
