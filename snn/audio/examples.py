"""Clips to examples: what a front end makes of every clip, computed once, with altered copies for training."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from snn.audio.feature_file import StoredFeatures
from snn.audio.front_end import FrontEnd, Made
from snn.audio.loading import Loading, OnClip
from snn.audio.preparation import Preparation
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip


@dataclass(frozen=True, eq=False)
class Examples(Generic[Made]):
    """What a front end made of some clips, and their labels; copy 0 is the clip itself, the others are altered.

    `features` are rows `(row, channel)` of each clip where the front end leaves clips at their own length. They may lie
    in a file, `stored`: change none in place, make other examples.
    """

    features: Made
    labels: Int[Tensor, " clip"]
    front_end: FrontEnd[Any] | None = None  # None for features from elsewhere, which are taken as they are
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used
    snr_db: Float[np.ndarray, " clip"] | None = None  # NaN where no noise of a known level was added
    lengths: Float[np.ndarray, " clip"] | None = None  # of the whole recordings (s), NaN where not measured
    stored: StoredFeatures | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, copy: Int[Tensor, " n"] | int, clip: Int[Tensor, " n"]) -> Float[Tensor, "n frame band"]:
        """Features of some clips, each as one of its copies, in memory; however many are picked in turn, few stay."""
        if self.stored is not None and self.stored.features is self.features:
            return self.stored.pick(copy, clip)
        return self.features[copy, clip]

    def in_turn(self, size: int) -> Iterator[Float[Tensor, "n frame band"]]:
        """All clips as they are, so many at a time."""
        return (self.pick(0, part) for part in torch.arange(len(self)).split(size))


def load_examples(
    clips: Sequence[Clip],
    front_end: FrontEnd[Made],
    *,
    augment: Augment | None = None,
    copies: int = 0,
    seed: int = 0,
    bad_files: str = "error",
    on_clip: OnClip | None = None,
) -> Examples[Made]:
    """Read every clip once, on all cores; features of the clip and of `copies` altered ones.

    Each copy draws from its own generator, so a clip's copies do not depend on its neighbours. Features of one length
    are kept on disk for the next start (`feature_cache`), and stay there while they are used.
    Raises: RecordingError at the first unusable file, unless `bad_files` is "skip".
    """
    loaded = Loading(clips, Preparation(front_end, augment, copies if augment else 0, seed), bad_files, on_clip).load()
    used = [clip for i, clip in enumerate(clips) if i not in loaded.errors]
    snr_db = np.array([math.nan if clip.snr_db is None else clip.snr_db for clip in used])
    return Examples(
        loaded.features,
        torch.tensor([clip.label for clip in used]),
        front_end,
        tuple(map(str, loaded.errors.values())),
        snr_db,
        np.array(loaded.lengths or [math.nan] * len(used)),
        loaded.stored,
    )
