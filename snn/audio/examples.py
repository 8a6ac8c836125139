"""Clips to examples: what a front end makes of every clip, computed once, with altered copies for training."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from snn.audio.front_end import FrontEnd
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip
from snn.data.recordings.recording_error import RecordingError
from snn.memory import check_memory

CHUNK = 64  # clips whose waveforms are held at a time

OnClip = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Examples:
    """What a front end made of some clips, and their labels; copy 0 is the clip itself, the others are altered.

    `features` are rows `(row, channel)` of each clip where the front end leaves clips at their own length.
    """

    features: Float[Tensor, "copy clip frame band"] | tuple[np.ndarray, ...]
    labels: Int[Tensor, " clip"]
    front_end: FrontEnd | None = None  # None for features from elsewhere, which are taken as they are
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used
    snr_db: Float[np.ndarray, " clip"] | None = None  # NaN where no noise of a known level was added
    lengths: Float[np.ndarray, " clip"] | None = None  # of the whole recordings (s), NaN where not measured

    def __len__(self) -> int:
        return len(self.labels)


def load_examples(
    clips: Sequence[Clip],
    front_end: FrontEnd,
    *,
    augment: Augment | None = None,
    copies: int = 0,
    seed: int = 0,
    bad_files: str = "error",
    on_clip: OnClip | None = None,
) -> Examples:
    """Read every clip once; features of the clip and of `copies` altered ones.

    Each copy draws from its own generator, so a clip's copies do not depend on its neighbours.
    Raises: RecordingError at the first unusable file, unless `bad_files` is "skip".
    """
    parts, used, lengths, skipped, n_bytes = [], [], [], [], 0
    _check_memory(8 * front_end.n_numbers * (1 + copies) * min(CHUNK, len(clips)), min(CHUNK, len(clips)))
    for start in range(0, len(clips), CHUNK):
        read = []
        for i, clip in enumerate(clips[start : start + CHUNK], start):
            try:
                values, length = front_end.read(clip, augment, copies, np.random.default_rng((seed, i)))
                read.append(values)
                used.append(clip)
                lengths.append(length)
            except RecordingError as error:
                if bad_files != "skip":
                    raise
                skipped.append(str(error))
            if on_clip:
                on_clip(i + 1, len(clips))
        if read:
            parts.append(front_end.features(read))
            n_bytes += sum(clip.nbytes for clip in parts[-1])
            _check_memory(n_bytes * len(clips) // (start + CHUNK), len(clips))
    if not used:
        raise InputError(f"none of the {len(clips)} clips can be used: {skipped[0] if skipped else 'there are none'}")
    features = torch.cat(parts, 1) if isinstance(parts[0], Tensor) else tuple(chain(*parts))
    labels = torch.tensor([clip.label for clip in used])
    snr_db = np.array([math.nan if clip.snr_db is None else clip.snr_db for clip in used])
    return Examples(features, labels, front_end, tuple(skipped), snr_db, np.array(lengths))


def _check_memory(n_bytes: int, n_clips: int) -> None:
    """Before the clips are read, and from the first of them for all of them: rows are as long as their clips."""
    check_memory(n_bytes, f"holding {n_clips:,} clips", "lengthen the hop, or lower duration, copies or channels", 1)
