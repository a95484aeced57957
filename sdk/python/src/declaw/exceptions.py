"""Failures. Each has the server's stable `code`; branch on it, never on the message.

Every class has two names, `…Error` and `…Exception`, because the official package has both.
"""

from __future__ import annotations

import builtins
from typing import List, Optional


class SandboxError(Exception):
    """Base of everything this package raises on purpose.

    `code` is the server's stable snake_case code, or one of this package's own (`connection_failed`,
    `stream_cut_off`, `invalid_argument`); `status` the HTTP status, 0 when none was received; `reference` the id
    under which the server logged the failure.
    """

    code: str = ""
    status: int = 0
    reference: str = ""

    def __init__(
        self,
        message: str = "",
        *,
        sandbox_id: Optional[str] = None,
        code: str = "",
        status: int = 0,
        reference: str = "",
    ) -> None:
        super().__init__(message)
        self.sandbox_id = sandbox_id
        self.code = code or type(self).code
        self.status = status
        self.reference = reference


class TimeoutError(SandboxError, builtins.TimeoutError):
    """No answer within the limit. The message names the parameter that moves the limit."""

    code = "timeout"


class NotFoundError(SandboxError):
    """There is no such sandbox, file, template… (404)."""


class AuthenticationError(SandboxError):
    """No key, an unknown key (401), or a key that may not do this (403)."""


class PermissionDeniedError(AuthenticationError):
    """The caller is known and may not do this (403): a limit of its quota, or a rule of the policy."""


class InvalidArgumentError(SandboxError, ValueError):
    """A value that cannot be right: found here before the network was touched, or by the server (400, 422)."""

    code = "invalid_argument"


class InvalidPolicyError(InvalidArgumentError):
    """A security policy that cannot be accepted as it stands; the message names the field."""

    code = "invalid_policy"


class NotAvailableError(InvalidArgumentError):
    """The server understands the request and does not offer what it asks for (422 `not_available`)."""


class NotEnoughSpaceError(SandboxError):
    """A body, a disk or a quota is full (413, 507)."""


class ConflictError(SandboxError):
    """The resource is in a state that forbids the call (409)."""


VersionMismatchError = ConflictError


class SandboxPausedError(ConflictError):
    """The sandbox is paused: resume it, or create it with `auto_resume`."""


class SandboxGoneError(NotFoundError):
    """The sandbox was killed or its time was over (410)."""


class TemplateError(SandboxError):
    """A template cannot be used or built."""


class TemplateNotReadyError(ConflictError, TemplateError):
    """The template exists and its build has not succeeded yet (409 `template_not_ready`)."""


class BuildError(TemplateError):
    """A template build failed; `logs` holds its output."""

    def __init__(
        self,
        message: str = "",
        *,
        build_id: str = "",
        template_id: str = "",
        logs: Optional[List[str]] = None,
        code: str = "build_failed",
    ) -> None:
        super().__init__(message, code=code)
        self.build_id = build_id
        self.template_id = template_id
        self.logs: List[str] = list(logs or [])


class FileUploadError(SandboxError):
    """A file could not be sent."""


class CommandExitError(SandboxError):
    """A command ended with another exit code than 0."""

    code = "command_failed"

    def __init__(
        self,
        message: str = "",
        *,
        exit_code: int = 1,
        stdout: str = "",
        stderr: str = "",
        sandbox_id: Optional[str] = None,
    ) -> None:
        super().__init__(message, sandbox_id=sandbox_id)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class InsufficientBalanceError(SandboxError):
    """The account has no credit (402)."""

    def __init__(self, message: str = "", wallet_type: str = "", **facts: object) -> None:
        super().__init__(message, **facts)  # type: ignore[arg-type]
        self.wallet_type = wallet_type


class RateLimitError(SandboxError):
    """A quota or a rate is used up (429). Wait `retry_after` seconds."""

    def __init__(
        self,
        message: str = "",
        retry_after: Optional[float] = None,
        limit: Optional[int] = None,
        remaining: Optional[int] = None,
        **facts: object,
    ) -> None:
        super().__init__(message, **facts)  # type: ignore[arg-type]
        self.retry_after = retry_after
        self.limit = limit
        self.remaining = remaining


class ConnectionFailedError(SandboxError):
    """The server could not be reached, or hung up before it answered."""

    code = "connection_failed"


class StreamCutOffError(ConnectionFailedError):
    """A stream ended without its last event, so what it said is incomplete."""

    code = "stream_cut_off"


class UnavailableError(SandboxError):
    """The server cannot serve now (502, 503, 504): no capacity, shutting down, or the guest does not answer."""


class PolicyWarning(UserWarning):
    """The server accepted a policy and says that part of it has no effect, or more than one may think."""


SandboxException = SandboxError
TimeoutException = TimeoutError
NotFoundException = NotFoundError
AuthenticationException = AuthenticationError
InvalidArgumentException = InvalidArgumentError
NotEnoughSpaceException = NotEnoughSpaceError
ConflictException = ConflictError
VersionMismatchException = VersionMismatchError
TemplateException = TemplateError
BuildException = BuildError
FileUploadException = FileUploadError
CommandExitException = CommandExitError
InsufficientBalanceException = InsufficientBalanceError
RateLimitException = RateLimitError
