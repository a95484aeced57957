"""What the conformance scripts share: checks that print one line each, and a record of which public methods of the client
really ran."""
import enum
import functools
import inspect
import io
import sys
import tarfile
import time

passed = 0
called = set()


def record():
    """From now on the public methods of the client's classes note that they were called; what they do stays the same.
    (A profiling hook would see the calls too, but it crashes the interpreter of Debian 12.)"""
    classes = {
        cls
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").partition(".")[0] == "declaw"
        for cls in vars(module).values()
        if inspect.isclass(cls) and cls.__module__.startswith("declaw") and not issubclass(cls, enum.Enum)
    }
    for cls in classes:
        for name, value in list(vars(cls).items()):
            if _public(name):
                setattr(cls, name, _noting(value))


def _public(name):
    return not name.startswith("_") or name in ("__iter__", "__aiter__", "__enter__", "__exit__", "__aenter__", "__aexit__")


def _noting(value):
    if isinstance(value, (classmethod, staticmethod)):
        return type(value)(_noting(value.__func__))
    if isinstance(value, property):
        return property(_noting(value.fget), value.fset, value.fdel, value.__doc__)
    if not inspect.isfunction(value):
        return value
    code = inspect.unwrap(value).__code__

    @functools.wraps(value)
    def noted(*arguments, **named):
        called.add(code)
        return value(*arguments, **named)

    return noted


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
            if not _public(name):
                continue
            if isinstance(value, property):
                value = value.fget
            value = inspect.unwrap(getattr(value, "__func__", value))
            if inspect.isfunction(value):
                yield f"{cls.__name__}.{name}", value.__code__


def finish(client, classes):
    """Prints which methods ran, and fails for those that did not."""
    missing = []
    for cls in classes:
        for name, code in public_methods(cls):
            if code in called:
                print("method", client, name)
            else:
                missing.append(name)
    assert not missing, f"never called: {missing}"
    print(f"{passed} checks passed", flush=True)
