"""What is made of clips, on all cores: the same in the same order, however many there are."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from circuits.units import Seconds
from snn.audio.front_end import FrontEnd
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip
from snn.data.recordings.recording_error import RecordingError
from snn.torch_device import compute_alone

CHUNK = 64  # clips that a thread reads at a time
CHUNK_NUMBERS = 1 << 24  # of features at most, where a clip becomes many
Item, Result = TypeVar("Item"), TypeVar("Result")


@dataclass(frozen=True)
class Preparation:
    """What a front end makes of clips, and of `copies` altered ones of each, drawn from a generator of its own."""

    front_end: FrontEnd
    augment: Augment | None = None
    copies: int = 0
    seed: int = 0

    @property
    def n_numbers(self) -> int:
        """What a clip and its copies become."""
        return self.front_end.n_numbers * (1 + self.copies)

    @property
    def chunk(self) -> int:
        """Clips that a thread reads at a time."""
        return max(1, min(CHUNK, CHUNK_NUMBERS // self.n_numbers))

    @property
    def n_held(self) -> int:
        """Clips in memory at a time while they are read: those being read, and as many again that wait twice."""
        return 3 * torch.get_num_threads() * self.chunk

    def read(self, clip: Clip, i: int) -> tuple[np.ndarray, Seconds]:
        """Clip number i as the front end reads it.  Raises:  RecordingError."""
        return self.front_end.read(clip, self.augment, self.copies, np.random.default_rng((self.seed, i)))

    def chunks(self, clips: Sequence[Clip]) -> "Iterator[Chunk]":
        """All clips, in their order."""
        return in_order(partial(self._chunk, clips), range(0, len(clips), self.chunk))

    def _chunk(self, clips: Sequence[Clip], start: int) -> "Chunk":
        numbers = range(start, min(start + self.chunk, len(clips)))
        read, lengths, errors = [], [], {}
        for i in numbers:
            try:
                values, length = self.read(clips[i], i)
            except RecordingError as error:
                errors[i] = error
            else:
                read.append(values)
                lengths.append(length)
        return Chunk(numbers, self.front_end.features(read) if read else (), tuple(lengths), errors)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive clips: features and lengths (s) of those that can be used, errors of the others, by number."""

    numbers: range
    features: Tensor | tuple[np.ndarray, ...]
    lengths: tuple[Seconds, ...]
    errors: dict[int, RecordingError]


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of every item, in order of the items, on as many threads as torch may use; few results lie waiting.

    The first is done before the others begin: it loads and compiles what they need.
    """
    n_threads, waiting = torch.get_num_threads(), deque[Future[Result]]()
    with ThreadPoolExecutor(n_threads, "snn-clips", initializer=compute_alone) as pool:
        try:
            for count, item in enumerate(items):
                waiting.append(pool.submit(work, item))
                if count == 0 or len(waiting) > 2 * n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)  # of whoever wants no more, or was interrupted
