"""A directory as a gzipped tar archive, for a template's build context. No I/O but files."""

from __future__ import annotations

import gzip
import os
import re
import tarfile
from pathlib import Path
from typing import IO, Iterator, List, Tuple

from declaw.exceptions import InvalidArgumentError

ENTRIES_MAX = 100_000
PATTERNS_MAX = 1000


def write_archive(directory: Path, target: IO[bytes]) -> None:
    """Writes what `directory` holds but for what its `.dockerignore` leaves out: regular files, directories and symbolic
    links, in order of their names, owned by root. The same contents give the same bytes."""
    if not directory.is_dir():
        raise InvalidArgumentError(f"{directory} is no directory")
    with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, path in sorted(_entries(directory)):
                info = archive.gettarinfo(path, name)
                info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
                info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
                if info.islnk():  # a second name of a file is a file of its own
                    info.type, info.linkname, info.size = tarfile.REGTYPE, "", path.stat().st_size
                if info.isreg():
                    with path.open("rb") as content:
                        archive.addfile(info, content)
                else:
                    archive.addfile(info)


def _entries(root: Path) -> Iterator[Tuple[str, Path]]:
    ignored = Ignored(_lines(root / ".dockerignore"))
    count = 0
    for folder, directories, files in os.walk(root):
        kept: List[str] = []
        for name in directories + files:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            out = ignored.leaves_out(relative)
            if name in directories and (not out or ignored.has_exceptions) and not path.is_symlink():
                kept.append(name)
            if out or not (path.is_symlink() or path.is_file() or path.is_dir()):
                continue
            count += 1
            if count > ENTRIES_MAX:
                raise InvalidArgumentError(
                    f"{root} has over {ENTRIES_MAX} entries; name what is not needed in .dockerignore"
                )
            yield relative, path
        directories[:] = kept


def _lines(file: Path) -> List[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


class Ignored:
    """What a `.dockerignore` leaves out: patterns with `*`, `?`, `[…]` and `**`, comments, and `!` for exceptions. The last
    pattern that fits decides; a directory's verdict holds for what is in it unless a later pattern says otherwise."""

    def __init__(self, lines: List[str]) -> None:
        self._rules: List[Tuple[re.Pattern[str], bool]] = []
        for line in (line.strip() for line in lines):
            if not line or line.startswith("#"):
                continue
            exception = line.startswith("!")
            path = re.sub(r"^(\./|/)+|/+$", "", line[1:].strip() if exception else line)
            if path:
                self._rules.append((re.compile(_expression(path) + r"(/.*)?\Z"), not exception))
        if len(self._rules) > PATTERNS_MAX:
            raise InvalidArgumentError(f".dockerignore has over {PATTERNS_MAX} patterns")

    @property
    def has_exceptions(self) -> bool:
        return any(not excluded for _, excluded in self._rules)

    def leaves_out(self, path: str) -> bool:
        out = False
        for pattern, excluded in self._rules:
            if excluded != out and pattern.match(path):
                out = excluded
        return out


def _expression(path: str) -> str:
    text, i = "", 0
    while i < len(path):
        end = path.find("]", i + 2)
        if path.startswith("**/", i):
            text, i = text + "(.*/)?", i + 3
        elif path.startswith("**", i):
            text, i = text + ".*", i + 2
        elif path[i] == "[" and end > 0:
            text, i = text + "[" + path[i + 1 : end].replace("\\", "\\\\").replace("[", "\\[") + "]", end + 1
        else:
            text, i = text + {"*": "[^/]*", "?": "[^/]"}.get(path[i], re.escape(path[i])), i + 1
    return text
