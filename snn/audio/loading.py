"""From clips to features in memory or in a file, with an error for each clip that cannot be used."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.audio.feature_cache import kept_features
from snn.audio.feature_file import FeatureWriter, StoredFeatures
from snn.audio.preparation import Chunk, Preparation
from snn.data.corpora.clip import Clip
from snn.data.recordings.recording_error import RecordingError
from snn.memory import check_memory

OnClip = Callable[[int, int], None]  # clips done, clips in all
Errors = dict[int, RecordingError]  # by the number of the clip


@dataclass(frozen=True, eq=False)
class Loaded:
    """Features of all clips but those with an error, in their order."""

    features: Tensor | tuple[np.ndarray, ...]
    errors: Errors
    lengths: Sequence[Seconds] = ()  # of the whole recordings; none: not measured
    stored: StoredFeatures | None = None


@dataclass(frozen=True)
class Loading:
    """Some clips, and what is to become of them and of those that cannot be used ("error" or "skip")."""

    clips: Sequence[Clip]
    preparation: Preparation
    bad_files: str
    on_clip: OnClip | None

    def load(self) -> Loaded:
        """What became of them.

        Raises: RecordingError of the first that cannot be used, unless they are skipped; InputError if none can be.
        """
        self._check_memory(8 * self.preparation.n_numbers * min(self.preparation.n_held, len(self.clips)))
        if self.preparation.front_end.n_frames is None:
            return self._at_their_length()
        stored = kept_features(self.clips, self.preparation, self._shape, self._fill)
        return (stored and self._from_disk(stored)) or self._of_one_length()

    @property
    def _shape(self) -> tuple[int, ...]:
        """Of the features of all clips: clip, copy, frame, band."""
        front_end, n_copies = self.preparation.front_end, 1 + self.preparation.copies
        return len(self.clips), n_copies, front_end.n_frames, front_end.n_numbers // front_end.n_frames

    def _chunks(self, errors: Errors) -> Iterator[Chunk]:
        """The clips as they are read, chunks without any apart; errors are added to those there are.

        Raises:  RecordingError, InputError as `load`.
        """
        with closing(self.preparation.chunks(self.clips)) as chunks:  # whatever is raised here ends the threads
            for chunk in chunks:
                self._take(errors, chunk.errors)
                for i in chunk.numbers if self.on_clip else ():
                    self.on_clip(i + 1, len(self.clips))
                if chunk.lengths:
                    yield chunk
        if len(errors) == len(self.clips):
            first = next(iter(errors.values()), "there are none")
            raise InputError(f"none of the {len(self.clips)} clips can be used: {first}")

    def _take(self, errors: Errors, more: Errors) -> None:
        if more and self.bad_files != "skip":
            raise next(iter(more.values()))
        errors |= more

    def _fill(self, writer: FeatureWriter) -> tuple[int, ...]:
        """Write all features; the numbers of the clips that cannot be used."""
        errors: Errors = {}
        for chunk in self._chunks(errors):
            writer.append(chunk.features.transpose(0, 1))
        return tuple(errors)

    def _from_disk(self, stored: StoredFeatures) -> Loaded | None:
        """Those of a file; why a clip was left out shows when it is read once more. None: it can be used by now."""
        errors: Errors = {}
        for i in stored.left_out:
            try:
                self.preparation.read(self.clips[i], i)
                return None
            except RecordingError as error:
                self._take(errors, {i: error})
        if self.on_clip:
            self.on_clip(len(self.clips), len(self.clips))
        return Loaded(stored.features, errors, stored=stored)

    def _of_one_length(self) -> Loaded:
        self._check_memory(4 * math.prod(self._shape))
        errors, n = {}, 0
        rows = torch.empty(self._shape)  # memory is taken as it is filled
        for chunk in self._chunks(errors):
            rows[n : n + len(chunk.lengths)] = chunk.features.transpose(0, 1)
            n += len(chunk.lengths)
        return Loaded(rows[:n].transpose(0, 1), errors)

    def _at_their_length(self) -> Loaded:
        errors, parts, lengths, n_bytes = {}, [], [], 0
        for chunk in self._chunks(errors):
            parts.append(chunk.features)
            lengths += chunk.lengths
            n_bytes += sum(rows.nbytes for rows in chunk.features)
            self._check_memory(n_bytes * len(self.clips) // chunk.numbers.stop)
        return Loaded(tuple(chain(*parts)), errors, lengths)

    def _check_memory(self, n_bytes: int) -> None:
        """Before the clips are read, and from the first of them for all of them: rows are as long as their clips."""
        what = f"holding {len(self.clips):,} clips"
        check_memory(n_bytes, what, "lengthen the hop, or lower duration, copies or channels", 1)
