"""A server that sends too little, or without end, is given up; what has arrived is kept and not asked for again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

import pytest

from snn.data.sets import pace
from snn.data.sets.download import prepare
from tests.end_to_end.tiny_set import ARCHIVE, NAME, Server, is_tiny, left_over, served, use

PAUSE_S, WINDOW_S = 0.02, 0.2  # s; the timeout for one byte is as long as it is
HEAD = f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(ARCHIVE)}\r\n\r\n'.encode()


class Trickling(Server):
    """Sends a part at once and the rest byte by byte."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(ARCHIVE)))
        self.send_header("ETag", self.etag)
        self.end_headers()
        self.wfile.write(ARCHIVE[:10_000])
        try:
            for k in range(10_000, 10_500):
                self.wfile.write(ARCHIVE[k : k + 1])
                time.sleep(PAUSE_S)
        except OSError:  # the other end has gone
            pass


@contextmanager
def sending(pieces: Iterator[bytes], pause_s: float = 0.0) -> Iterator[str]:
    """The address of a server that answers whoever asks, whatever for, with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause_s)
                except OSError:
                    pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/tiny.tar.gz"
        thread.join(5)


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(pace, "WINDOW_S", WINDOW_S)


def test_a_server_that_trickles_is_given_up_and_what_it_sent_is_kept(tmp_path, monkeypatch):
    began = time.monotonic()
    with served(Trickling) as url:
        use(monkeypatch, url)
        with pytest.raises(OSError, match=r"it sent \d+ bytes in 0 s, less than 1000/s\): try again to resume, or put"):
            prepare(NAME, tmp_path)
    assert time.monotonic() - began < 20 * WINDOW_S
    n_kept = (tmp_path / "tiny.tar.gz.part").stat().st_size
    assert 10_000 < n_kept < 10_500
    assert left_over(tmp_path) == {"tiny.tar.gz.part", "tiny.tar.gz.part.json"}
    handler = type("Handler", (Server,), {"requests": []})
    with served(handler) as url:
        use(monkeypatch, url)
        assert is_tiny(prepare(NAME, tmp_path))
    assert handler.requests == [f"bytes={n_kept}-"]


def test_a_server_that_sends_for_too_long_is_given_up_whatever_its_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "WHOLE_S", 0.1)
    pieces = [HEAD, *(ARCHIVE[k : k + 5000] for k in range(0, len(ARCHIVE), 5000))]
    with sending(iter(pieces), 0.05) as url:
        use(monkeypatch, url)
        with pytest.raises(OSError, match="it has been sending for 0 s"):
            prepare(NAME, tmp_path)


@pytest.mark.parametrize("head", [HEAD, b"X: " * 5000])
def test_headers_that_trickle_are_given_up_too(tmp_path, monkeypatch, head):
    with sending((head[k : k + 1] for k in range(len(head))), PAUSE_S) as url:
        use(monkeypatch, url)
        with pytest.raises(OSError, match="less than 1000/s"):
            prepare(NAME, tmp_path)


@pytest.mark.parametrize(
    "endless",
    [
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 1000],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n", *repeat(b"a: b\r\n" * 5000, 100)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *repeat(b"1;" + b"x" * 60_000 + b"\r\na\r\n", 100)],
    ],
)
def test_headers_and_marks_without_end_are_cut_off(tmp_path, monkeypatch, endless):
    monkeypatch.setattr(pace, "OVERHEAD_BYTES", 20_000)
    with sending(iter(endless)) as url:
        use(monkeypatch, url, archive_bytes=10_000)
        with pytest.raises(OSError, match="it sends without end"):
            prepare(NAME, tmp_path)


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000, "-5", "1e3", ""])
def test_a_length_that_is_no_number_is_none(tmp_path, monkeypatch, length):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode("latin-1")
    with sending([head, ARCHIVE]) as url:
        use(monkeypatch, url)
        assert is_tiny(prepare(NAME, tmp_path))


@pytest.mark.parametrize("where", ["http://" + "a" * 70 + ".b/", "http://[::1/", "http://host:port/", "gopher://a/"])
def test_an_address_that_cannot_be_is_told_as_a_failed_download(tmp_path, monkeypatch, where):
    with sending([f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()]) as url:
        use(monkeypatch, url)
        with pytest.raises(OSError, match=r"cannot fetch http://127.*try again to resume, or put that file at"):
            prepare(NAME, tmp_path)
