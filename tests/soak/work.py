"""The real work of the soak, on a tiny corpus of tones."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch
from rounds import PIECE_S, Work

from snn.experiments.evaluate import evaluate_run
from snn.experiments.run_folder import load_activity, load_run
from snn.experiments.train import train
from snn.live.stream import AudioStream
from snn.recipes.recipe import Recipe, parse_recipe
from snn.tensors import load_tensors

SAMPLE_RATE = 8000
PIECE = PIECE_S * SAMPLE_RATE
WORDS = {"low": 300.0, "middle": 900.0, "high": 2500.0}  # Hz
RECIPE = """
name = "soaked"
[features]
n_mels = 16
duration_s = 0.3
normalise = "running"
[network]
hidden = [24, 16]
[augment]
copies = 1
[training]
epochs = 3
batch_size = 8
"""
SHORT, LONG = SAMPLE_RATE // 10, PIECE  # the longest chunks of a microphone, and of a file


def make_work(folder: Path, seed: int, stream: type[AudioStream] = AudioStream) -> Work:
    """A corpus, and a run that is evaluated and listens, below `folder`."""
    words, kept = folder / "words", folder / "kept"
    _write_words(words, seed)
    train(_recipe(0), words, kept)
    return Work(
        train=lambda k: _train(k, words, folder / "run"),
        evaluate=lambda: _evaluate(kept),
        hear=Listeners(stream(load_run(kept).model), seed).hear,
    )


def _recipe(seed: int) -> Recipe:
    return parse_recipe(RECIPE, [f"seed={seed}"])


def _write_words(folder: Path, seed: int) -> None:
    rng, time = np.random.default_rng(seed), np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    for word, frequency in WORDS.items():
        (folder / word).mkdir(parents=True)
        for k in range(8):
            sound = np.sin(2 * np.pi * frequency * rng.uniform(0.95, 1.05) * time) * np.hanning(len(time))
            clip = 0.3 * sound + 0.003 * rng.standard_normal(len(time))
            soundfile.write(folder / word / f"{k}.wav", clip, SAMPLE_RATE)


def _train(seed: int, words: Path, out: Path) -> str:
    metrics = train(_recipe(seed), words, out)
    numbers = [metrics.test_accuracy, metrics.validation_accuracy, metrics.spikes_per_inference]
    tensors, _ = load_tensors(out / "model.safetensors")
    told = _digest(numbers, *(tensors[name].numpy() for name in sorted(tensors)), *load_activity(out).spikes.values())
    shutil.rmtree(out)
    return told


def _evaluate(run: Path) -> str:
    result = evaluate_run(load_run(run))
    return _digest(result.as_dict(), *result.activity.spikes.values())


def _digest(numbers: object, *arrays: np.ndarray) -> str:
    told = hashlib.sha256(json.dumps(numbers).encode())
    for array in arrays:
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


class Listeners:
    """Two listeners to the same sound, in short chunks and in chunks of any length, compared after every piece."""

    def __init__(self, stream: AudioStream, seed: int):
        self._stream, self._seed, self._states = stream, seed, [stream.start(), stream.start()]

    def hear(self, piece: int) -> bool:
        """Whether the answers of a piece, which must not all be one, and the states after it are the same bits."""
        sound, told = torch.from_numpy(self._sound(piece)), []
        for who, longest in enumerate((SHORT, LONG)):
            rng = np.random.default_rng([self._seed, piece, who + 1])
            answers = [self._push(who, chunk) for chunk in sound.split(list(sizes(longest, rng)))]
            told.append([torch.cat(answers, 1), *_bits(self._states[who])])
        return torch.equal(told[0][0], told[1][0]) and told[0][1:] == told[1][1:] and len(told[0][0].unique()) > 100

    def _push(self, who: int, chunk: torch.Tensor) -> torch.Tensor:
        answers, self._states[who] = self._stream.push(chunk, self._states[who])
        return answers

    def _sound(self, piece: int) -> np.ndarray:
        """Noise whose loudness changes every quarter of a second, with tones of the words."""
        rng = np.random.default_rng([self._seed, piece, 0])
        n = PIECE // (SAMPLE_RATE // 4)
        time, tones = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE, rng.choice([0.0, *WORDS.values()], n)
        noise = rng.standard_normal((n, len(time))) * 10 ** rng.uniform(-4, -1, (n, 1))
        return (0.2 * np.sin(2 * np.pi * tones[:, None] * time) + noise).ravel().astype("f4")


def sizes(longest: int, rng: np.random.Generator) -> Iterator[int]:
    """Sizes of chunks that make up a piece: 1 sample to the longest, as many of each order of magnitude."""
    left = PIECE
    while left:
        size = min(left, round(longest ** rng.random()))
        left -= size
        yield size


def _bits(state: object) -> list[bytes]:
    """Every number of a state of nested tuples."""
    if isinstance(state, tuple):
        return [bits for part in state for bits in _bits(part)]
    return [np.asarray(state).tobytes()] if state is not None else []
