"""Where training stands, as tensors and plain numbers: safetensors on disk, nothing pickled."""

import math
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch

from circuits.errors import InputError
from circuits.storage import reading
from circuits.units import require
from snn.networks.trained_network import TrainedNetwork
from snn.tensors import Shapes, load_tensors, require_shapes, save_tensors

CHECKPOINT = "checkpoint.safetensors"  # in a run folder, while training
HISTORY = "history"  # (epoch, value): all that the progress follows from
ROUNDING = 1e-3  # of a loss of nothing
MOST_EPOCHS = 100_000
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # of AdamW, for each parameter; the last is a square


@dataclass(frozen=True)
class EpochRecord:
    """One row of history.csv."""

    epoch: int
    loss: float
    validation_accuracy: float
    validation_loss: float
    learning_rate: float
    seconds: float

    def __post_init__(self):
        for name, value in vars(self).items():
            require(self, name, math.isfinite(value), "finite")
        require(self, "validation_accuracy", 0 <= self.validation_accuracy <= 1, "a share, in 0..1")
        for name in ("loss", "validation_loss", "learning_rate", "seconds"):
            require(self, name, getattr(self, name) > -ROUNDING, "zero or positive")


@dataclass
class Progress:
    """What `fit` has reached; `epoch` counts finished epochs, of which those of the warm-up are best only meanwhile."""

    warm_up: int = 0
    epoch: int = 0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_loss: float = float("inf")
    history: list[EpochRecord] = field(default_factory=list)

    def add(self, record: EpochRecord) -> bool:
        """Count an epoch; whether it is the best so far: the highest validation accuracy, the lower loss at a tie."""
        self.epoch = record.epoch
        self.history.append(record)
        if record.epoch == self.warm_up + 1:
            self.best_accuracy, self.best_loss = -1.0, float("inf")
        reached = record.validation_accuracy, record.validation_loss
        improved = (reached[0], -reached[1]) > (self.best_accuracy, -self.best_loss)
        if improved:
            self.best_epoch, (self.best_accuracy, self.best_loss) = record.epoch, reached
        return improved


def replayed(rows: list[list[float]], warm_up: int = 0) -> Progress:
    """What so many epochs have reached, a row of numbers each.

    Raises: InputError for a number that no epoch has, and unless the epochs are counted from 1 without a gap.
    """
    progress = Progress(warm_up)
    for number, (epoch, *values) in enumerate(rows, start=1):
        if epoch != number:
            raise InputError(f"row {number} is of epoch {epoch:g}")
        progress.add(EpochRecord(number, *values))
    return progress


def save_checkpoint(
    path: str | Path,
    model: TrainedNetwork,
    best: dict[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Everything that resuming needs: the model, its best weights, the optimiser's moments, and the history."""
    rows = [list(vars(record).values()) for record in progress.history]
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    tensors |= {HISTORY: torch.tensor(rows, dtype=torch.float64)}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    save_tensors(path, tensors, {})


def load_checkpoint(
    path: str | Path, model: TrainedNetwork, optimiser: torch.optim.Optimizer, warm_up: int = 0
) -> tuple[dict[str, torch.Tensor], Progress]:
    """Put model and optimiser back; returns the best weights and the progress.

    All of it is checked first, the best weights too, by which the caller will replace a model that is good.
    Raises: FileNotFoundError; InputError for a damaged file, and for one of another recipe.
    """

    def fits(found: Shapes) -> None:
        wrong = f"{path} does not belong to this recipe"
        require_shapes(found, _expected(found, model, optimiser), wrong, "start again")

    tensors, _ = load_tensors(path, fits)
    with reading(path):
        progress = _progress(tensors, warm_up)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _under("optimiser.", tensors).items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = value
            if moment == "exp_avg_sq" and (value < 0).any():
                raise InputError(f"optimiser.{name} must be zero or positive, got {value.min():g}; start again")
        steps = {float(own["step"]) for own in moments.values()}
        if len(steps) > 1 or any(step <= 0 or step % progress.epoch for step in steps):
            raise InputError(f"optimiser.*.step is {sorted(steps)[:5]}: not as many in each epoch; start again")
        best = _under("best.", tensors)
        for weights in (best, _under("model.", tensors)):
            model.load_state_dict(weights)
            model.network()  # raises where the weights make none
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    return best, progress


def load_progress(path: str | Path) -> Progress:
    """The progress alone. Raises: FileNotFoundError, or InputError for a damaged file."""
    with reading(path):
        return _progress(load_tensors(path, _history, HISTORY)[0])


def _expected(found: Shapes, model: TrainedNetwork, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Tensors of the names, shapes and kinds that a checkpoint of this model has, with as many epochs as are found."""
    weights = model.state_dict()
    expected = {f"{part}.{name}": value for part in ("model", "best") for name, value in weights.items()}
    for index, parameter in enumerate(p for group in optimiser.param_groups for p in group["params"]):
        names = [f"optimiser.{index}.{moment}" for moment in _MOMENTS]
        if set(names) & set(found):  # a parameter without a gradient has none
            expected |= dict(zip(names, (torch.zeros(()), parameter, parameter), strict=True))
    return expected | _history(found)


def _history(found: Shapes) -> dict[str, torch.Tensor]:
    """A history of as many epochs as are found. Raises: InputError for none, and for more than there can be."""
    _, shape = found.get(HISTORY, ("", ()))
    if len(shape) != 2 or shape[1] != len(fields(EpochRecord)) or not 1 <= shape[0] <= MOST_EPOCHS:
        raise InputError(f"{HISTORY} has shape {shape}: no row of numbers for each epoch; start again")
    return {HISTORY: torch.empty(shape, dtype=torch.float64, device="meta")}


def _progress(tensors: dict[str, torch.Tensor], warm_up: int = 0) -> Progress:
    return replayed(tensors[HISTORY].tolist(), warm_up)


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
