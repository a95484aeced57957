"""What asyncio does where the synchronous client uses threads. Written by hand on both sides, same names."""

from __future__ import annotations

import asyncio
import inspect
import weakref
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, Hashable, Optional, TypeVar

T = TypeVar("T")
READ_BYTES = 64 * 1024

_shared: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Dict[Hashable, Any]]" = weakref.WeakKeyDictionary()


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def work(task: Callable[[], T]) -> T:
    """What would hold up the event loop, on a thread."""
    return await asyncio.to_thread(task)


def shared(key: Hashable, make: Callable[[], T]) -> T:
    """One value per event loop and key: connections belong to the loop that opened them."""
    values = _shared.setdefault(asyncio.get_running_loop(), {})
    if key not in values:
        values[key] = make()
    return values[key]  # type: ignore[no-any-return]


async def tell(callback: Optional[Callable[[Any], Any]], value: Any) -> None:
    """Calls a callback, which may be a coroutine function."""
    if callback is not None:
        result = callback(value)
        if inspect.isawaitable(result):
            await result


class AsyncBackground:
    """Work that goes on while its starter does something else."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.ensure_future(self._run(work))
        self.failure: Optional[BaseException] = None

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except BaseException as e:  # handed to whoever joins
            self.failure = e

    async def join(self, timeout: Optional[float] = None) -> bool:
        """Waits for the end; False when `timeout` seconds were not enough. Raises what the work raised."""
        done, _ = await asyncio.wait({self._task}, timeout=timeout)
        if not done:
            return False
        if self.failure is not None:
            raise self.failure
        return True

    def cancel(self) -> None:
        self._task.cancel()


async def pieces(data: Any) -> AsyncIterator[bytes]:
    """The bytes of a text, bytes, a file object, or an iterable (also asynchronous) of either."""
    if isinstance(data, str):
        yield data.encode()
    elif isinstance(data, (bytes, bytearray, memoryview)):
        yield bytes(data)
    elif hasattr(data, "read"):
        while piece := await asyncio.to_thread(data.read, READ_BYTES):
            yield piece.encode() if isinstance(piece, str) else piece
    elif hasattr(data, "__aiter__"):
        async for piece in data:
            yield piece.encode() if isinstance(piece, str) else bytes(piece)
    else:
        for piece in data:
            yield piece.encode() if isinstance(piece, str) else bytes(piece)
