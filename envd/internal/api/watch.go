package api

import (
	"net/http"
	"strconv"

	"declaw.dev/envd/internal/failure"
)

const (
	frameChange   = 7
	frameWatchEnd = 8

	// Each is one inotify instance, of which the kernel gives a user 128.
	watchesMax = 32
)

// watchFiles streams changes until the directory is gone or the peer leaves. It waits for a peer that takes nothing; what
// the kernel cannot keep meanwhile is reported as an overflow.
func (s *Server) watchFiles(c *call, q query) error {
	recursive := false
	if q.recursive != "" {
		var err error
		if recursive, err = strconv.ParseBool(q.recursive); err != nil {
			return failure.New(failure.InvalidRequest, "recursive must be true or false")
		}
	}
	select {
	case s.watches <- struct{}{}:
		defer func() { <-s.watches }()
	default:
		return failure.New(failure.TooManyWatches, "%d directories are watched already, which is the limit: end a watch first", watchesMax)
	}
	watch, err := s.files.Watch(q.path, q.user, recursive)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-done:
		case <-c.request.Context().Done():
		}
		watch.Close() // wakes the read
	}()
	c.Header().Set("Content-Type", "application/octet-stream")
	c.WriteHeader(http.StatusOK)
	c.flush()
	for {
		changes, ok := watch.Next(s.keepAlive)
		if !ok {
			break
		}
		if len(changes) == 0 {
			if c.frame(frameKeepAlive, nil) != nil {
				panic(http.ErrAbortHandler)
			}
		}
		for _, change := range changes {
			if c.jsonFrame(frameChange, change) != nil {
				panic(http.ErrAbortHandler) // closes the connection: nobody takes this for the end
			}
		}
	}
	_ = c.jsonFrame(frameWatchEnd, struct{}{}) // a peer that is gone does not miss it
	return nil
}
