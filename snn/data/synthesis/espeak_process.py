"""The process of the espeak-ng library: utterances as JSON on standard input, samples on standard output.

It is run by path and isolated (`python -I`), so it uses the standard library alone. Each word leaves as its
length in bytes (little-endian, 4 bytes) followed by 16-bit samples. `snn.data.synthesis.espeak` is the other end.
"""

import ctypes
import json
import struct
import sys
from pathlib import Path

# Values from espeak-ng's speak_lib.h
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8 = 2, 0x8000, 1
_RATE, _PITCH, _RANGE = 1, 3, 4

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def _start(library: ctypes.CDLL, data: str, sample_rate: int) -> None:
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DO_NOT_EXIT)
    if rate != sample_rate:
        sys.exit(f"the library synthesises at {rate} Hz where {sample_rate} Hz is expected; its voices are in {data}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # breath noise: the library seeds it from the clock


def _choose_voice(library: ctypes.CDLL, data: str, voice: str) -> None:
    # The library accepts a variant that does not exist and speaks with another: look for the file first.
    variant = voice.partition("+")[2]
    known = not variant or (Path(data) / "voices" / "!v" / variant).is_file()
    if not known or library.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(f"no voice {voice!r} in {data}; update the package espeakng-loader")


def _say(library: ctypes.CDLL, data: str, chunks: list[bytes], utterance: dict) -> bytes:
    chunks.clear()
    _choose_voice(library, data, utterance["voice"])
    library.espeak_SetParameter(_RATE, utterance["rate_wpm"], 0)
    library.espeak_SetParameter(_PITCH, utterance["pitch"], 0)
    library.espeak_SetParameter(_RANGE, utterance["pitch_range"], 0)
    text = utterance["text"].encode() + b"\0"
    status = library.espeak_Synth(ctypes.c_char_p(text), ctypes.c_size_t(len(text)), 0, 0, 0, _UTF8, None, None)
    if status != 0 or not chunks:
        sys.exit(f"no sound for {utterance['text']!r} with voice {utterance['voice']!r} (status {status})")
    return b"".join(chunks)


def _serve() -> None:
    request = json.load(sys.stdin)  # all of it before the first answer, so that neither end waits on a full pipe
    library = ctypes.CDLL(request["library"])
    chunks: list[bytes] = []

    @_Callback
    def collect(samples: object, n_samples: int, _events: object) -> int:
        if samples and n_samples > 0:
            chunks.append(ctypes.string_at(samples, 2 * n_samples))
        return 0

    _start(library, request["data"], request["sample_rate"])
    library.espeak_SetSynthCallback(collect)
    for utterance in request["utterances"]:
        pcm = _say(library, request["data"], chunks, utterance)
        sys.stdout.buffer.write(struct.pack("<I", len(pcm)) + pcm)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
