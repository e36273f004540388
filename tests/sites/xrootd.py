"""A real xrootd server on loopback (Debian: xrootd-server)."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from tests.sites._process import LOOPBACK, answers, free_port, running, wait_until

USER = "xrootd"
"""Who serves where root starts it: xrootd refuses root."""


class Server:
    """A server of the files in `place`; `kill` ends it without a word and `start` brings it back at the same port."""

    def __init__(self, place: Path, url: str, process: Popen[bytes]) -> None:
        self.place, self.url, self.process = place, url, process

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def missing() -> list[str]:
    """Programs that this machine lacks."""
    return [] if shutil.which("xrootd") else ["xrootd"]


@contextmanager
def xrootd(port: int | None = None) -> Iterator[Server]:
    """A server of an empty folder, exported as /data."""
    with tempfile.TemporaryDirectory(prefix="xrootd-") as folder:
        place, number = Path(folder), port or free_port()
        data = place / "base" / "data"
        data.mkdir(parents=True)
        (place / "admin").mkdir()
        settings = place / "xrootd.cfg"
        settings.write_text(
            f"all.export /data\noss.localroot {place}/base\nall.adminpath {place}/admin\nall.pidpath {place}/admin\n"
            f"xrd.port {number}\nxrd.network nodnr\nxrd.allow host {LOOPBACK}\nxrd.allow host localhost\n"
        )
        as_user: list[str] = []
        if os.getuid() == 0:
            as_user = ["-R", USER]
            owner = pwd.getpwnam(USER)
            for path in (place, *place.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            place.chmod(0o755)
        with running(["xrootd", "-I", "v4", "-c", settings, *as_user], place / "log") as process:
            wait_until(lambda: answers(number), "xrootd does not listen")
            yield Server(data, f"root://{LOOPBACK}:{number}//data", process)
