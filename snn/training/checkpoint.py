"""Where training stands, as tensors and plain numbers: safetensors on disk, nothing pickled."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from circuits.errors import InputError
from snn.tensors import load_tensors, save_tensors

CHECKPOINT = "checkpoint.safetensors"  # in a run folder, while training


@dataclass(frozen=True)
class EpochRecord:
    """One row of history.csv."""

    epoch: int
    loss: float
    validation_accuracy: float
    validation_loss: float
    learning_rate: float
    seconds: float


@dataclass
class Progress:
    """What `fit` has reached; `epoch` counts finished epochs."""

    epoch: int = 0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_loss: float = float("inf")
    history: list[EpochRecord] = field(default_factory=list)


def save_checkpoint(
    path: str | Path,
    model: torch.nn.Module,
    best: dict[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Everything that resuming needs: the model, its best weights, the optimiser's moments, and the history."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    save_tensors(path, tensors, {"progress": asdict(progress)})


def load_checkpoint(
    path: str | Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[dict[str, torch.Tensor], Progress]:
    """Put model and optimiser back; returns the best weights and the progress."""
    tensors, metadata = load_tensors(path)
    try:
        progress = _progress(metadata)
        model.load_state_dict(_under("model.", tensors))
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _under("optimiser.", tensors).items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        best = _under("best.", tensors)
        if best.keys() != model.state_dict().keys():
            raise KeyError("the best weights are incomplete")
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} does not belong to this recipe ({reason}); start again") from error
    return best, progress


def load_progress(path: str | Path) -> Progress:
    """The progress alone. Raises: FileNotFoundError, or InputError for a damaged file."""
    try:
        return _progress(load_tensors(path)[1])
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); start again") from error


def _progress(metadata: dict[str, Any]) -> Progress:
    record = metadata["progress"]
    return Progress(**{**record, "history": [EpochRecord(**row) for row in record["history"]]})


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
