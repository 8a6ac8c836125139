"""The 12-class keyword task: ten commands, every other word as `unknown`, and background noise as `silence`."""

import math
from pathlib import Path

import numpy as np

from circuits.errors import InputError
from snn.data.corpora.clip import Clip
from snn.data.corpora.layouts import Layout
from snn.data.corpora.splits import SPLITS, Split
from snn.data.corpora.word_folders import audio_files
from snn.data.recordings.audio_file import audio_info
from snn.data.recordings.recording_error import RecordingError

KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
TWELVE = (*KEYWORDS, "unknown", "silence")
EXTRA = 0.1  # clips of `unknown`, and of `silence`, per keyword clip. Source: see `keyword_clips`
CROP_S = 1.0  # s, length of a Speech Commands clip
CROP_GAIN = (0.05, 1.0)  # ASSUMED: from a quiet to the recorded level
NOISE_RMS_DECADES = (-4.0, -1.5)  # ASSUMED: log10 of the RMS level of synthetic background, about -80 to -30 dB
NOISE_SPAN: dict[Split, tuple[float, float]] = {"train": (0.0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1.0)}


def keyword_clips(layout: Layout, noise_folder: str | Path, seed: int) -> tuple[Clip, ...]:
    """Make the clips of the 12-class task (labels in the order of `TWELVE`) from a corpus of words.

    In each split, clips of other words, drawn without replacement, and background are added, each ceil(10 %) of the
    number of keyword clips. Background is cropped from the noise recordings, each split from a part of its own, or
    synthetic where there are none. A corpus with `unknown` or `silence` of its own, as the official test archive, is
    taken at its word: nothing is drawn.

    Args:  noise_folder: folder of background recordings; need not exist.  seed: draws the unknowns and the background.
    Raises:  InputError if a keyword, or every other word, is missing.
    Source:  tensorflow/examples/speech_commands/input_data.py (proportions and order of drawing words).
    """
    missing = [word for word in KEYWORDS if word not in layout.words]
    if missing or set(layout.words) <= set(KEYWORDS):
        raise InputError(f"the 12-word task needs a folder for {', '.join(missing) or 'at least one other word'}")
    noise_files = audio_files(noise_folder)
    clips: list[Clip] = []
    for k, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, k])
        here = [r for r in layout.recordings if r.split == split]
        wanted = [r for r in here if r.word in KEYWORDS]
        others = [r for r in here if r.word not in TWELVE]
        n_extra = math.ceil(EXTRA * len(wanted))
        clips += [Clip(r.path, TWELVE.index(r.word), r.speaker, split) for r in here if r.word in TWELVE]
        if "unknown" not in layout.words:
            unknown = [others[i] for i in sorted(rng.permutation(len(others))[:n_extra])]
            clips += [Clip(r.path, TWELVE.index("unknown"), r.speaker, split) for r in unknown]
        if "silence" not in layout.words:
            clips += [_silence(split, noise_files, rng) for _ in range(n_extra)]
    return tuple(clips)


def _silence(split: Split, noise_files: list[Path], rng: np.random.Generator) -> Clip:
    label = TWELVE.index("silence")
    if not noise_files:
        gain = float(10 ** rng.uniform(*NOISE_RMS_DECADES))
        return Clip(None, label, "", split, gain=gain, noise_seed=int(rng.integers(2**31)))
    return background_clip(split, label, noise_files, rng)


def background_clip(split: Split, label: int, noise_files: list[Path], rng: np.random.Generator) -> Clip:
    """One second of a noise recording, from the part of it that belongs to the split.

    One that cannot be read is refused where clips are, and there named or left out as bad files are.
    """
    path = noise_files[rng.integers(len(noise_files))]
    try:
        length_s = audio_info(path).duration_s
    except RecordingError:
        length_s = CROP_S
    first, last = (fraction * length_s for fraction in NOISE_SPAN[split])
    start_s = float(rng.uniform(first, max(first, last - CROP_S)))
    duration_s = min(CROP_S, last - first)
    return Clip(path, label, "", split, start_s=start_s, gain=float(rng.uniform(*CROP_GAIN)), duration_s=duration_s)
