"""Synthetic speech from the espeak-ng library (package `espeakng-loader`, of the extra `synthesis`)."""

import ctypes
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Int16

from circuits.errors import InputError, MissingPackageError

SAMPLE_RATE = 22_050  # Hz, of every espeak-ng voice without MBROLA. Source: returned by espeak_Initialize, and checked
_PROCESS = Path(__file__).with_name("espeak_process.py")
_REMEDY = 'install it: pip install "tunnelspike[synthesis]"'


@dataclass(frozen=True)
class Utterance:
    """What to say and how. Ranges of the three numbers. Source: espeak-ng's speak_lib.h, espeak_PARAMETER."""

    text: str
    voice: str  # accent and variant, "en-us+f3"
    rate_wpm: int = 160  # words a minute, 80..450
    pitch: int = 50  # of the voice's own span, 0..99
    pitch_range: int = 50  # 0 is a monotone, 0..99

    def __post_init__(self) -> None:
        if not self.text.strip() or "\0" in self.text + self.voice:
            raise InputError(f"utterance {self.text!r} has nothing to say; give a word")
        for name, low, high in (("rate_wpm", 80, 450), ("pitch", 0, 99), ("pitch_range", 0, 99)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} {getattr(self, name)} of {self.text!r} is outside {low}..{high}")


def version() -> str:
    """The library's version, such as "1.52.0". Raises ImportError or OSError where it is not installed."""
    library = _paths()["library"]
    try:
        info = ctypes.CDLL(library).espeak_Info
    except OSError as error:
        raise OSError(f"cannot load {library}: {error}; there may be no build for this platform") from error
    info.restype = ctypes.c_char_p
    return info(None).decode().split()[0]


def synthesise(utterances: Sequence[Utterance]) -> Iterator[Int16[np.ndarray, " time"]]:
    """Synthesise the utterances one after the other: int16 samples at SAMPLE_RATE, `(time,)` each.

    The same sequence gives the same bytes. The library's oscillators keep their phase from one word to the next and
    cannot be rewound, so each call runs in a process of its own; a word depends on those before it in the sequence.

    Raises:  MissingPackageError without the package, OSError when the library fails (with its reason).
    """
    request = {**_paths(), "sample_rate": SAMPLE_RATE, "utterances": [asdict(u) for u in utterances]}
    return _samples(json.dumps(request).encode(), len(utterances))


def _paths() -> dict[str, str]:
    try:
        import espeakng_loader
    except ImportError as error:
        raise MissingPackageError(f"embedded speech needs the package espeakng-loader; {_REMEDY}") from error
    return {"library": espeakng_loader.get_library_path(), "data": espeakng_loader.get_data_path()}


def _samples(request: bytes, n_words: int) -> Iterator[Int16[np.ndarray, " time"]]:
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-I", str(_PROCESS)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        try:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(request)
            for i in range(n_words):
                if (pcm := _read_frame(process.stdout)) is None:
                    process.wait()
                    log.seek(0)
                    reason = log.read().decode(errors="replace").strip().rpartition("\n")[2]
                    raise OSError(f"espeak-ng stopped at word {i + 1} of {n_words}: {reason or process.returncode}")
                yield np.frombuffer(pcm, "<i2").astype(np.int16)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _read_frame(stream: IO[bytes]) -> bytes | None:
    header = stream.read(4)
    if len(header) < 4:
        return None
    (n_bytes,) = struct.unpack("<I", header)
    pcm = stream.read(n_bytes)
    return pcm if len(pcm) == n_bytes else None
