"""Files on other machines: opened with bounded waits, looked for in several places, with errors that say what is wrong.

`root://`, `https://`, `s3://` and whatever else fsspec knows; credentials are those the user has set up for them.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import uproot

T = TypeVar("T")

EXTRAS = {"root": "xrootd", "s3": "s3", "http": "http", "https": "http"}
"""Extra of this package that brings what fsspec needs for a protocol."""
SECONDS = 30
"""Longest wait for one answer of a server."""
XROOTD = {
    "XRD_CONNECTIONRETRY": "1",
    "XRD_CONNECTIONWINDOW": "5",
    "XRD_STREAMERRORWINDOW": "5",
    "XRD_REQUESTTIMEOUT": str(SECONDS),
    "XRD_LOGLEVEL": "Error",
}
"""How long the xrootd client tries by itself, in seconds: its usual waits add up to eight minutes.  What the user has
set stays."""
NOT_THERE, FORBIDDEN = "3011", "3010"
XROOTD_CODE = re.compile(r"\[(\d{4})\]")
PASSING = {
    errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.ENOTCONN, errno.ECONNRESET,
    errno.EREMOTEIO,
}  # fmt: skip
"""Errors of a mounted file system that may be gone the next time."""
SERVER_FAILED = 500
"""Answers of an HTTP server from here on are about itself, not about what was asked."""


class RemoteError(OSError):
    """A file that cannot be had: it is not there, or no server gives it.  `url` is where it was looked for."""

    url = ""


class AbsentError(RemoteError, FileNotFoundError):
    """The server answers, and has no such file."""


class DeniedError(RemoteError, PermissionError):
    """The server answers, and does not give the file to this user."""


class PluginError(RemoteError):
    """What fsspec needs for the protocol is not installed."""


class NoRangesError(RemoteError):
    """A server that sends files only as a whole."""


@dataclass(frozen=True)
class Access:
    """How often to try, and where else a file may be.

    A read that fails for a passing reason is tried `retries` times more after `pause` seconds, twice as many each time.
    `replicas` has, for what a path begins with, what it may begin with elsewhere.
    """

    retries: int = 3
    pause: float = 1.0
    replicas: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def places(self, path: str) -> tuple[str, ...]:
        """Where the file is looked for, in order."""
        others = (o + path.removeprefix(p) for p, group in self.replicas.items() if path.startswith(p) for o in group)
        return (path, *others)

    @property
    def attempts(self) -> int:
        """Tries of a read that fails for passing reasons."""
        return 1 + self.retries

    def place(self, path: str, attempt: int) -> str:
        """Where to look for the file in that attempt, counted from 0."""
        places = self.places(path)
        return places[attempt % len(places)]

    def tried(self, read: Callable[[int], T], paths: Sequence[str]) -> tuple[T, int]:
        """What `read` returns in the first attempt that succeeds, and the number of that attempt.

        An error that no later attempt would mend is raised at once, any other after the last.
        """
        places = max(len(self.places(path)) for path in paths)
        for attempt in range(max(self.attempts, places)):
            try:
                return read(attempt), attempt
            except Exception as error:
                last = attempt + 1 == max(self.attempts, places)
                if last or not (passes(error) or (attempt + 1 < places and place_lacks_it(error))):
                    raise
                if passes(error):
                    time.sleep(self.pause * 2 ** min(attempt, 6))
        raise AssertionError("there is at least one attempt")


def is_local(path: str) -> bool:
    """Whether a path is one of this machine's file systems, not a URL."""
    return "://" not in path


def open_remote(url: str, **options: Any) -> Any:
    """The uproot file of a URL; RemoteError says why it cannot be had."""
    scheme = url.partition("://")[0]
    for name, value in XROOTD.items():
        os.environ.setdefault(name, value)
    with explaining(url):
        if scheme in ("http", "https"):
            check_ranges(url)
        return uproot.open(url, **options, **_waits(scheme))


@contextmanager
def explaining(url: str) -> Iterator[None]:
    """Errors of reading a file as `explained` has them."""
    try:
        yield
    except Exception as error:
        named = explained(url, error)
        if named is error:
            raise
        raise named from error


def explained(url: str, error: BaseException) -> BaseException:
    """The RemoteError that says what an error of fsspec or a server means; of a local file the error, with its name."""
    if isinstance(error, OSError) and error.filename is None and is_local(url):
        error.filename = url
    if isinstance(error, RemoteError) or is_local(url):
        return error
    named = _named(url, error)
    if isinstance(named, RemoteError):
        named.url = url
    return named


def _named(url: str, error: BaseException) -> BaseException:
    if isinstance(error, ImportError):
        extra = EXTRAS.get(url.partition("://")[0])
        mend = f": pip install 'rarekaon[{extra}]'" if extra else ""
        return PluginError(f"{url} needs a package that is not installed ({_one_line(error)}){mend}")
    code = XROOTD_CODE.search(str(error))
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or (code and code[1] == NOT_THERE) or status == 404:
        return AbsentError(f"{url} does not exist")
    if isinstance(error, PermissionError) or (code and code[1] == FORBIDDEN) or status in (401, 403):
        return DeniedError(f"{url} is not given to this user ({_one_line(error)}): look at your credentials")
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("aiohttp", "botocore", "fsspec"):
        return RemoteError(f"{url} cannot be read now ({type(error).__name__}: {_one_line(error)})")
    return error


def _waits(scheme: str) -> dict[str, Any]:
    """Options of fsspec's file system for bounded waits."""
    if scheme == "root":
        return {"timeout": SECONDS}
    if scheme in ("http", "https"):
        import aiohttp

        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=SECONDS, connect=SECONDS / 3)}}
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": 5, "read_timeout": SECONDS, "retries": {"max_attempts": 1}}}
    return {}


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, with bounded waits, and the path in it."""
    import fsspec

    for name, value in XROOTD.items():
        os.environ.setdefault(name, value)
    files, path = fsspec.core.url_to_fs(url, **_waits(url.partition("://")[0]))
    return files, str(path)


def check_ranges(url: str) -> None:
    """NoRangesError for a server that sends a whole file where one byte is asked for."""
    if not _has_ranges(url.partition("://")[2].partition("/")[0], url):
        raise NoRangesError(
            f"the server of {url} sends whole files only, where parts are asked for: copy the files, or have "
            f"byte ranges switched on there"
        )


@cache
def _has_ranges(_server: str, url: str) -> bool:
    files, path = file_system(url)
    return len(files.cat_file(path, start=0, end=1)) == 1


def identity(path: str) -> str:
    """What changes when a file is written again: size and times, or what the server says of its version."""
    if is_local(path):
        stat = os.stat(path)
        return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
    files, place = file_system(path)
    info = files.info(place)
    marks = (info.get(name) for name in ("ETag", "mtime", "LastModified", "Last-Modified"))
    return f"{info['size']} {next((mark for mark in marks if mark), '')}"


def passes(error: BaseException) -> bool:
    """Whether the next time may be better."""
    lasting = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, PluginError, NoRangesError)
    chain = list(_causes(error))
    if any(isinstance(e, lasting) for e in chain):
        return False
    if any(isinstance(e, RemoteError | TimeoutError | ConnectionError) for e in chain):
        return True
    return any(isinstance(e, OSError) and e.errno in PASSING for e in chain)


def place_lacks_it(error: BaseException) -> bool:
    """Whether another place may have what this one does not."""
    return any(isinstance(e, AbsentError | DeniedError | NoRangesError | FileNotFoundError) for e in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
