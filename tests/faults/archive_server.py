"""A server of the stock's files on this machine, in a process of its own; it knows no ranges and takes its time."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHUNK_BYTES, PAUSE_S = 8192, 0.01


class Slow(SimpleHTTPRequestHandler):
    """Sends piece by piece, so that two downloads overlap."""

    def copyfile(self, source, outputfile) -> None:
        with suppress(ConnectionError):  # of one that is killed
            while chunk := source.read(CHUNK_BYTES):
                outputfile.write(chunk)
                time.sleep(PAUSE_S)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address under which the files of a folder are sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Slow, directory=str(folder)))
    if not (pid := os.fork()):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        server.serve_forever()
    server.server_close()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
