"""What every network has that gradient descent trains, spiking or not: a loss, scores, a place and a file."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.chips.front_end_ledger import Sensed
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.storage import reading
from snn.audio.examples import Examples
from snn.audio.front_end import FrontEnd
from snn.audio.sensed import sensed_by
from snn.tensors import load_tensors, require_shapes, save_tensors

EVALUATION_BATCH = 128  # clips; fixed, so that the same weights give the same sums everywhere

M = TypeVar("M", bound="TrainedNetwork")


class TrainedNetwork(torch.nn.Module, ABC):
    """A network from features that `front_end` made to scores of `labels`: what `fit` trains."""

    name: str
    labels: tuple[str, ...]
    front_end: FrontEnd | None  # None: features from elsewhere, taken as they are
    made_of: str  # what its tensors must fit

    @abstractmethod
    def network(self) -> NetworkSpec:
        """The network as plain data. Raises: InputError where its weights make none."""

    @abstractmethod
    def loss(
        self,
        features: Float[Tensor, "batch frame band"],
        labels: Int[Tensor, " clip"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Mean cross entropy of the scores of a batch; in training `generator` draws dropout."""

    @abstractmethod
    def score(self, examples: Examples) -> Float[Tensor, "clip label"]:
        """ln of the scores of every clip as it is; on the CPU."""

    def score_on_chips(self, examples: Examples) -> tuple[Float[Tensor, "clip label"], ...]:
        """`score` on each of the chips that an epoch is chosen by: on one, the network itself."""
        return (self.score(examples),)

    @abstractmethod
    def numbers_per_clip(self, n_frames: int) -> int:
        """Numbers that one clip of so many frames takes in memory while it trains."""

    def settled(self, n_epochs: int) -> int:
        """Of so many epochs those that are a warm-up: the weights that are kept are not theirs."""
        del n_epochs
        return 0

    def begin_epoch(self, epoch: int, n_epochs: int, train: Examples) -> None:
        """What is done before each epoch, counted from 0: nothing, unless a network is trained for a chip."""

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the network runs: `to` moves it, `fit` and `evaluate` bring the clips there."""
        return next(self.parameters()).device

    def threads(self) -> AbstractContextManager[None]:
        """Within it the threads are as the network needs them."""
        return nullcontext()

    def sensed(self, activity: Activity) -> Sensed | None:
        """What the clips of that activity were made to, in real time; None: features from elsewhere."""
        return sensed_by(self.front_end, activity.duration)

    def save(self, path: str | Path) -> None:
        """Write the weights, whole or not at all."""
        save_tensors(path, self.state_dict(), {})

    def load(self: M, path: str | Path) -> M:
        """Take the weights of a file; returns itself. Raises: FileNotFoundError, or InputError for a damaged file."""
        wrong, own = f"{path} does not fit {self.made_of}", self.state_dict()
        tensors, _ = load_tensors(path, lambda found: require_shapes(found, own, wrong, "train again"))
        with reading(path):
            self.load_state_dict(tensors)
            self.network()  # raises where the weights make none
        return self.eval()


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Every module in evaluation mode, and afterwards again as before: a loop that asks between epochs trains on."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
