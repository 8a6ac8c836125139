"""A data set of sixteen recordings: its archive, its manifest, and a server that can break, change and lie."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

import snn.data.sets.download as download
from snn.data.corpora.open_corpus import open_corpus
from snn.data.sets.manifest import Manifest

NAME = "tiny"


def archive_bytes(level: float = 0.1) -> bytes:
    rng = np.random.default_rng(1)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for digit in range(2):
            for take in range(8):
                soundfile.write(wav := io.BytesIO(), level * rng.uniform(-1, 1, 2000), 8_000, format="WAV")
                info = tarfile.TarInfo(f"./top/recordings/{digit}_ann_{take}.wav")
                info.size = len(wav.getvalue())
                tar.addfile(info, io.BytesIO(wav.getvalue()))
    return buffer.getvalue()


ARCHIVE = archive_bytes()


class Server(BaseHTTPRequestHandler):
    """Sends `body`; knows ranges or not, or gets them wrong by `skew`; breaks off after `cut` bytes of an answer."""

    body = ARCHIVE
    etag = '"v1"'
    ranges = True
    cut: int | None = None
    skew = 0
    requests: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted, version = self.headers.get("Range"), self.headers.get("If-Range")
        type(self).requests.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges and version == self.etag else 0
        if start >= len(self.body):
            return self.send_error(416)
        rest = self.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + self.skew}-{len(self.body) - 1}/{len(self.body)}")
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", self.etag)
        self.end_headers()
        self.wfile.write(rest[: self.cut])
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of the archive on a server of that kind."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/tiny.tar.gz"
        http.shutdown()


def use(
    monkeypatch: pytest.MonkeyPatch, url: str = "https://nowhere.invalid/tiny.tar.gz", **changes: object
) -> Manifest:
    """Let `prepare` know the data set, with some of its manifest changed."""
    manifest = Manifest(
        name=NAME,
        title="",
        licence="",
        citation="",
        homepage="",
        layout="fsdd",
        split="",
        labels=("zero", "one"),
        n_clips=16,
        n_speakers=1,
        sample_rate_hz=8_000,
        archive="tar.gz",
        url=url,
        archive_bytes=len(ARCHIVE),
        sha256=hashlib.sha256(ARCHIVE).hexdigest(),
        keep="top",
        max_bytes=200_000,
        max_files=40,
    )
    manifest = replace(manifest, **changes)
    monkeypatch.setattr(download, "find_manifest", lambda name: manifest)
    return manifest


def is_tiny(folder: Path) -> bool:
    """Whether all of it is there."""
    return len(open_corpus(folder).clips) == 16


def left_over(root: Path) -> set[str]:
    """What else is in the place, hidden or not."""
    return {path.name for path in root.iterdir()} - {NAME}
