"""An HTTP server with byte ranges on loopback, or one that ignores them; it counts what it is asked for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.sites._process import LOOPBACK

RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class FileServer(ThreadingHTTPServer):
    """Serves the files of a folder.  `faults` requests from now on are answered with 503."""

    daemon_threads = True

    def __init__(self, place: Path, *, ranges: bool) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.place, self.ranges = place, ranges
        self.requests = self.sent = self.faults = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        self.server.requests += 1
        path = self.server.place / unquote(self.path).lstrip("/")
        if self.server.faults > 0:
            self.server.faults -= 1
            self._head(503, 0)
            return
        if path.is_dir():
            self._listing(path)
            return
        if not path.is_file():
            self._head(404, 0)
            return
        content = path.read_bytes()
        asked = RANGE.match(self.headers.get("Range", ""))
        if self.server.ranges and asked:
            first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
            part = content[first : last + 1]
            self._head(206, len(part), path, ("Content-Range", f"bytes {first}-{last}/{len(content)}"))
        else:
            part = content
            self._head(200, len(part), path)
        if body:
            self.wfile.write(part)
            self.server.sent += len(part)

    def _listing(self, path: Path) -> None:
        names = sorted(p.name for p in path.iterdir())
        page = "".join(f'<a href="{name}">{name}</a>\n' for name in names).encode()
        self._head(200, len(page))
        self.wfile.write(page)

    def _head(self, status: int, length: int, path: Path | None = None, *more: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if self.server.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if path is not None:
            self.send_header("Last-Modified", formatdate(path.stat().st_mtime, usegmt=True))
            self.send_header("ETag", f'"{path.stat().st_mtime_ns:x}-{path.stat().st_size:x}"')
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests do not want to read it."""


@contextmanager
def http(place: Path, *, ranges: bool = True) -> Iterator[FileServer]:
    """A server of the files in a folder."""
    with FileServer(place, ranges=ranges) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
