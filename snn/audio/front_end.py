"""Front ends: what makes of a clip the numbers that a network hears. Each belongs to the model trained on it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from pydantic import Field
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip
from snn.data.corpora.corpus import Corpus
from snn.settings import inline, section

# Of several clips: features `(copy, clip, frame, band)`, or the rows of each, `(row, channel)`, at its own length.
Made = TypeVar("Made", Tensor, tuple[np.ndarray, ...], covariant=True)


@runtime_checkable
class FrontEnd(Protocol[Made]):
    """Clips of one kind to numbers of one kind; two that are equal make the same of every clip."""

    @property
    def duration_s(self) -> Seconds:
        """How much of a clip it hears."""

    @property
    def hop_s(self) -> Seconds:
        """From one frame or row to the next."""

    @property
    def n_signals(self) -> int:
        """Channels of the signals that it takes; 0: it takes sound."""

    @property
    def n_frames(self) -> int | None:
        """Frames of every clip; None where each keeps its own length."""

    @property
    def n_numbers(self) -> int:
        """What a clip becomes at most: frames or rows, by bands or channels."""

    def read(
        self, clip: Clip, augment: Augment | None, copies: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, Seconds]:
        """One clip and altered copies of it, `(copy, ...)`, and the recording's length if it is known, else NaN."""

    def features(self, read: Sequence[np.ndarray]) -> Made:
        """What becomes of several clips as `read` brings them."""


@section
class Features:
    """Log-mel bands of sound; or channels of signals, `n_mels` of them, a frame their mean over a hop.

    Of signals only `n_mels`, `duration_s`, `hop_s` and `normalise` matter.
    """

    front_end: Literal["log-mel", "signal"] = "log-mel"
    sample_rate: int | None = Field(None, ge=1000, le=192_000)  # None: that of the recordings
    mel: LogMel = inline(LogMel(), sample_rate=None)

    def at(self, sample_rate: int | float) -> LogMel | SignalFrames:
        """The front end for recordings of this rate (Hz)."""
        if self.front_end == "log-mel":
            return replace(self.mel, sample_rate=self.sample_rate or int(sample_rate))
        return SignalFrames(self.mel.n_mels, self.mel.duration_s, self.mel.hop_s, self.mel.normalise)

    def of(self, corpus: Corpus) -> "Features":
        """As they are on a corpus: on one of signals a band is a channel."""
        if self.front_end == "signal" or corpus.media == "audio":
            return self
        return Features("signal", None, replace(self.mel, n_mels=len(corpus.channels)))


def require_fit(front_end: FrontEnd, corpus: Corpus) -> None:
    """Raises: InputError if the corpus is not what the front end takes."""
    n, wanted = len(corpus.channels), front_end.n_signals
    if n != wanted:
        want = f"signals of {wanted} channels" if wanted else "sound"
        held = f"signals of {n} channels ({', '.join(corpus.channels[:5])})" if n else "sound"
        raise InputError(f"{corpus.name} holds {held}, the recipe is for {want}: choose other data or another recipe")


def require_same(trained: FrontEnd, given: FrontEnd) -> None:
    """Raises: InputError naming what differs, unless a model meets the front end that it was trained with."""
    if given == trained:
        return
    a, b = (vars(x) | {"front end": type(x).__name__} for x in (trained, given))
    differ = [key for key in a if a[key] != b.get(key)]
    changed = ", ".join(f"{key} = {b.get(key)} in place of {a[key]}" for key in differ)
    raise InputError(f"the model was trained with another front end: {changed}; take model.front_end, or train again")
