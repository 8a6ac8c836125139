"""HTTP from a server that may be slow without end: each answer has to come at a least rate, and has a largest size."""

import io
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

TIMEOUT_S = 30.0  # s without a byte before the connection counts as lost (ASSUMED)
WINDOW_S = 60.0  # s over which the rate is a mean (ASSUMED)
LEAST_RATE = 1_000.0  # bytes/s, a fifth of a telephone line's (ASSUMED)
WHOLE_S = 86_400.0  # s for one answer (ASSUMED)
OVERHEAD_BYTES = 1 << 20  # of headers; and as much again as the body for the marks of its pieces

Opener = Callable[[Request], HTTPResponse]


def paced_opener(most_bytes: int) -> Opener:
    """What opens an address like `urllib.request.urlopen`, for an answer of at most so many bytes.

    Reading raises TimeoutError where less than `LEAST_RATE` arrives over `WINDOW_S`, headers included, or all of it
    takes longer than `WHOLE_S`.
    """

    class Response(HTTPResponse):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.paced = _Paced(self.fp.detach())
            self.fp = io.BufferedReader(self.paced)

        def begin(self) -> None:
            super().begin()  # status and headers
            self.paced.allowed += 2 * most_bytes

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class OpenPlain(HTTPHandler):
        def http_open(self, request: Request) -> HTTPResponse:
            return self.do_open(Plain, request)

    class OpenSecure(HTTPSHandler):
        def https_open(self, request: Request) -> HTTPResponse:
            return self.do_open(Secure, request)

    opener = build_opener(OpenPlain, OpenSecure)
    return lambda request: opener.open(request, timeout=TIMEOUT_S)


class _Paced(io.RawIOBase):
    """A connection that is given up when it has become too slow, or has sent too much."""

    def __init__(self, raw: io.RawIOBase):
        self._raw, self.allowed = raw, OVERHEAD_BYTES
        self._began, self._received = time.monotonic(), 0
        self._last = self._began + WHOLE_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:
        n_bytes = self._raw.readinto(buffer)
        self._received += n_bytes or 0
        self.allowed -= n_bytes or 0
        if self.allowed < 0:
            raise OSError("it sends without end")
        now = time.monotonic()
        if now > self._last:
            raise TimeoutError(f"it has been sending for {WHOLE_S:,.0f} s")
        if (passed := now - self._began) > WINDOW_S:
            if self._received < LEAST_RATE * passed:
                raise TimeoutError(f"it sent {self._received} bytes in {passed:.0f} s, less than {LEAST_RATE:g}/s")
            self._began, self._received = now, 0
        return n_bytes

    def close(self) -> None:
        self._raw.close()
        super().close()
