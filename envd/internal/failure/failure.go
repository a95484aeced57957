// Package failure is the closed set of ways in which a call of the guest protocol can fail.
// Every code has exactly one HTTP status; protocol/guest.md lists them.
package failure

import (
	"errors"
	"fmt"
	"syscall"
)

// Code is stable and machine-readable.
type Code string

const (
	InvalidRequest   Code = "invalid_request"
	UnknownUser      Code = "unknown_user"
	IsDirectory      Code = "is_directory"
	NotDirectory     Code = "not_a_directory"
	SyntheticPath    Code = "synthetic_path"
	Unauthenticated  Code = "unauthenticated"
	PermissionDenied Code = "permission_denied"
	NotFound         Code = "not_found"
	NoSuchProcess    Code = "no_such_process"
	NotInitialised   Code = "not_initialised"
	StdinClosed      Code = "stdin_closed"
	StdinFull        Code = "stdin_full"
	TooManyProcesses Code = "too_many_processes"
	TagTaken         Code = "tag_taken"
	TooManyWatches   Code = "too_many_watches"
	PortRefused      Code = "port_refused"
	PortClosed       Code = "port_closed"
	InTheWay         Code = "in_the_way"
	CrossDevice      Code = "cross_device"
	GateUnsupported  Code = "gate_unsupported"
	DiskFull         Code = "disk_full"
	TooLarge         Code = "too_large"
	Internal         Code = "internal"
)

var statuses = map[Code]int{
	InvalidRequest: 400, UnknownUser: 400, IsDirectory: 400, NotDirectory: 400, SyntheticPath: 400,
	Unauthenticated:  401,
	PermissionDenied: 403, PortRefused: 403,
	NotFound: 404, NoSuchProcess: 404, PortClosed: 404,
	NotInitialised: 409, StdinClosed: 409, StdinFull: 409, TooManyProcesses: 409, TagTaken: 409, TooManyWatches: 409,
	InTheWay: 409, CrossDevice: 409, GateUnsupported: 409,
	DiskFull: 413, TooLarge: 413,
	Internal: 500,
}

// Failure is what a caller is told. Its message never holds a secret or the content of a body.
type Failure struct {
	Code    Code
	Message string
}

// New formats the message like fmt.Sprintf.
func New(code Code, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (f *Failure) Error() string { return f.Message }

// Status is the HTTP status of the code.
func (f *Failure) Status() int { return statuses[f.Code] }

// Of turns any error into a failure: errno by meaning, everything unknown into internal. what names the thing that was
// acted on, for example a path.
func Of(err error, what string) *Failure {
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.ENOENT:
			return New(NotFound, "%s does not exist", what)
		case syscall.EACCES, syscall.EPERM, syscall.EROFS:
			return New(PermissionDenied, "%s: %s", what, errno)
		case syscall.ENOTDIR:
			return New(NotDirectory, "%s: not a directory", what)
		case syscall.EISDIR:
			return New(IsDirectory, "%s is a directory", what)
		case syscall.ENOSPC, syscall.EDQUOT:
			return New(DiskFull, "%s: no space left on the sandbox's disk", what)
		case syscall.EFBIG, syscall.E2BIG:
			return New(TooLarge, "%s: %s", what, errno)
		case syscall.EEXIST, syscall.ENOTEMPTY, syscall.EBUSY:
			return New(InTheWay, "%s: %s", what, errno)
		case syscall.EXDEV:
			return New(CrossDevice, "%s: source and target are on different file systems; copy and remove instead", what)
		case syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL:
			return New(InvalidRequest, "%s: %s", what, errno)
		}
	}
	return New(Internal, "%s: %v", what, err)
}
