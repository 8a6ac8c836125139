"""Data sets arrive whole and proven, or not at all, over connections that break, change and lie."""

import errno
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.error import URLError

import numpy as np
import pytest
import soundfile

import snn.data.sets.download as download
from circuits.errors import InputError
from snn.data.corpora.open_corpus import open_corpus
from snn.data.sets.download import prepare, tree_sha256
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


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"requests": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        use(monkeypatch, f"http://127.0.0.1:{http.server_port}/tiny.tar.gz")
        yield handler
        http.shutdown()


def use(monkeypatch, url: str = "https://nowhere.invalid/tiny.tar.gz", **changes: object) -> Manifest:
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
    return len(open_corpus(folder).clips) == 16


def left_over(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} - {NAME}


def test_a_data_set_is_fetched_once(server, tmp_path):
    stages = []
    folder = prepare(NAME, tmp_path / "new", on_progress=lambda stage, done, total: stages.append((stage, done, total)))
    assert folder == tmp_path / "new" / NAME
    assert is_tiny(folder)
    assert left_over(folder.parent) == set()
    assert {stage for stage, _, _ in stages} == {"download", "verify", "unpack"}
    assert ("download", len(ARCHIVE), len(ARCHIVE)) in stages
    assert prepare(NAME, tmp_path / "new") == folder
    assert server.requests == [None]


def test_a_broken_connection_is_resumed_where_it_ended(server, tmp_path):
    server.cut = 10_000
    with pytest.raises(OSError, match=r"the connection ended after 10000 of .* try again to resume"):
        prepare(NAME, tmp_path)
    assert not (tmp_path / NAME).exists()
    server.cut = None
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == [None, "bytes=10000-"]
    assert left_over(tmp_path) == set()


@pytest.mark.parametrize("change", [{"ranges": False}, {"etag": '"v2"'}, {"skew": 1}])
def test_without_ranges_or_with_a_new_version_the_download_starts_again(server, tmp_path, change):
    server.cut = 10_000
    with pytest.raises(OSError, match="the connection ended"):
        prepare(NAME, tmp_path)
    (tmp_path / "tiny.tar.gz.part").write_bytes(b"x" * 10_000)  # would spoil the hash if it were kept
    server.cut = None
    for key, value in change.items():
        setattr(server, key, value)
    assert is_tiny(prepare(NAME, tmp_path))


def test_a_complete_download_is_not_asked_for_again(server, tmp_path):
    (tmp_path / "tiny.tar.gz.part").write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == []


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    part = tmp_path / "tiny.tar.gz.part"
    part.write_bytes(ARCHIVE + b"more")
    part.with_name(part.name + ".json").write_text('{"if_range": "\\"v1\\""}')
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == [f"bytes={len(ARCHIVE) + 4}-", None]


def test_wrong_bytes_are_moved_aside_and_never_unpacked(server, tmp_path):
    server.body = ARCHIVE[:-1] + b"x"
    with pytest.raises(InputError, match=r"is not tiny \(its SHA-256 differs\); moved to .*corrupt"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == {"tiny.tar.gz.corrupt"}
    assert not (tmp_path / NAME).exists()
    server.body = ARCHIVE
    assert is_tiny(prepare(NAME, tmp_path))


def test_a_server_that_sends_without_end_is_cut_off(server, tmp_path):
    server.body = bytes(5_000_000)
    with pytest.raises(ValueError, match="sends more than"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == set()


def test_without_a_network_the_message_names_the_file_and_its_place(tmp_path, monkeypatch):
    manifest = use(monkeypatch)

    def no_network(request: object) -> object:
        raise URLError("no route to host")

    with pytest.raises(OSError, match="no route to host") as caught:
        prepare(NAME, tmp_path, opener=no_network)
    by_hand = tmp_path / "tiny.tar.gz"
    assert manifest.url in str(caught.value)
    assert f"put that file at {by_hand} and run snn data prepare tiny again" in str(caught.value)
    by_hand.write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path, opener=no_network))
    assert by_hand.read_bytes() == ARCHIVE


def test_recordings_are_proven_where_the_archive_has_no_hash(tmp_path, monkeypatch):
    use(monkeypatch, sha256="", tree_sha256="0" * 64)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    with pytest.raises(InputError, match="the recordings in it differ"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == {"tiny.tar.gz.corrupt"}
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    proof = tree_sha256(prepare(NAME, tmp_path))
    use(monkeypatch, sha256="", tree_sha256=proof)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "tiny.tar.gz").write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path / "again"))


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_interruption_while_unpacking_leaves_nothing_half_done(tmp_path, monkeypatch, failure):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "unpack" and done > 20_000:
            raise failure

    with pytest.raises(type(failure)) as caught:
        prepare(NAME, tmp_path, on_progress=interrupt)
    if isinstance(failure, OSError):
        assert f"no space left at {tmp_path}" in str(caught.value)
    assert left_over(tmp_path) == {"tiny.tar.gz"}
    assert not (tmp_path / NAME).exists()
    assert is_tiny(prepare(NAME, tmp_path))


def test_what_a_killed_process_left_is_cleared(tmp_path, monkeypatch):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    (tmp_path / ".tiny.unpacking").mkdir()
    (tmp_path / ".tiny.unpacking" / "9_eve_0.wav").write_bytes(b"half")
    assert is_tiny(prepare(NAME, tmp_path))
    assert left_over(tmp_path) == {"tiny.tar.gz"}
