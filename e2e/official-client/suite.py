"""What the conformance scripts share: checks that print one line each, and a record of which public methods of the client
really ran. The client is not changed: the interpreter's profiling hook sees its calls."""
import inspect
import io
import sys
import tarfile
import threading
import time

passed = 0
called = set()


def _profile(frame, event, _):
    if event == "call" and "/declaw/" in frame.f_code.co_filename:
        called.add(frame.f_code)


def record():
    threading.setprofile(_profile)
    sys.setprofile(_profile)


def check(what, truth):
    global passed
    assert truth, what
    passed += 1
    print("ok", what, flush=True)


def eventually(what, truth, seconds=60):
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, what
        time.sleep(0.05)
    check(what, True)


def raises(kind, call):
    try:
        call()
    except kind as expected:
        return expected
    raise AssertionError(f"{kind.__name__} was not raised")


async def raises_async(kind, call):
    try:
        await call
    except kind as expected:
        return expected
    raise AssertionError(f"{kind.__name__} was not raised")


def archive(files):
    """A gzip-compressed tar archive of names and bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def public_methods(cls):
    """Name and code of every public function, property and class method of a class and its bases in the client."""
    for owner in cls.__mro__:
        if not owner.__module__.startswith("declaw"):
            continue
        for name, value in vars(owner).items():
            if name.startswith("_") and name not in ("__iter__", "__aiter__", "__enter__", "__exit__", "__aenter__", "__aexit__"):
                continue
            if isinstance(value, property):
                value = value.fget
            value = inspect.unwrap(getattr(value, "__func__", value))
            if inspect.isfunction(value):
                yield f"{cls.__name__}.{name}", value.__code__


def finish(client, classes):
    """Prints which methods ran, and fails for those that did not."""
    sys.setprofile(None)
    threading.setprofile(None)
    missing = []
    for cls in classes:
        for name, code in public_methods(cls):
            if code in called:
                print("method", client, name)
            else:
                missing.append(name)
    assert not missing, f"never called: {missing}"
    print(f"{passed} checks passed", flush=True)
