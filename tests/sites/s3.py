"""An S3 server on loopback (moto, in a process of its own), with one bucket."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.sites._process import LOOPBACK, answers, free_port, running, wait_until

BUCKET = "kaons"


@contextmanager
def s3() -> Iterator[str]:
    """A server with an empty bucket, whose credentials stand in the environment as a user's would; yields its URL."""
    port = free_port()
    own = {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (
        tempfile.TemporaryDirectory(prefix="s3-") as folder,
        running([sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)], Path(folder) / "log"),
        patch.dict(os.environ, own),
    ):
        wait_until(lambda: answers(port), "the S3 server does not listen")
        import s3fs

        s3fs.S3FileSystem().mkdir(BUCKET)
        yield f"s3://{BUCKET}"
