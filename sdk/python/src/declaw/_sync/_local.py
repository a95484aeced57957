"""What threads do where the asynchronous client uses asyncio. Written by hand on both sides, same names."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Callable, Dict, Hashable, Iterator, Optional, TypeVar

T = TypeVar("T")
READ_BYTES = 64 * 1024

_shared: Dict[Hashable, Any] = {}
_lock = threading.Lock()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def work(task: Callable[[], T]) -> T:
    return task()


def shared(key: Hashable, make: Callable[[], T]) -> T:
    """One value per process and key. A forked child makes its own: it must not share its parent's connections."""
    with _lock:
        own = (os.getpid(), key)
        if own not in _shared:
            _shared[own] = make()
        return _shared[own]  # type: ignore[no-any-return]


def tell(callback: Optional[Callable[[Any], Any]], value: Any) -> None:
    if callback is not None:
        callback(value)


class Background:
    """Work that goes on while its starter does something else."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.failure: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, args=(work,), name="declaw-stream", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as e:  # handed to whoever joins
            self.failure = e

    def join(self, timeout: Optional[float] = None) -> bool:
        """Waits for the end; False when `timeout` seconds were not enough. Raises what the work raised."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        if self.failure is not None:
            raise self.failure
        return True

    def cancel(self) -> None:
        """A thread cannot be stopped; the work ends at its next event."""


def pieces(data: Any) -> Iterator[bytes]:
    """The bytes of a text, bytes, a file object, or an iterable of either."""
    if isinstance(data, str):
        yield data.encode()
    elif isinstance(data, (bytes, bytearray, memoryview)):
        yield bytes(data)
    elif hasattr(data, "read"):
        while piece := data.read(READ_BYTES):
            yield piece.encode() if isinstance(piece, str) else piece
    else:
        for piece in data:
            yield piece.encode() if isinstance(piece, str) else bytes(piece)
