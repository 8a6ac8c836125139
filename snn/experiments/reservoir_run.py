"""The folder of a reservoir's run: config.toml, model.safetensors, metrics.json, activity.safetensors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from snn.networks.reservoir import Reservoir, Wires, build_reservoir
from snn.plasticity.least_squares import LinearReadout
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.training.checkpoint import load_tensors, save_tensors
from snn.training.tuning import Tuning, n_lines

MODEL = "model.safetensors"


@dataclass(frozen=True, eq=False)
class ReservoirModel:
    """A wired chip and what reads it: `readout` off chip, `online` the weights that the chip has learned by itself.

    `online` is `(line, label)`, empty without that rule.
    """

    recipe: ReservoirRecipe
    tuning: Tuning
    wires: Wires
    readout: LinearReadout
    online: np.ndarray

    @property
    def reservoir(self) -> Reservoir:
        return build_reservoir(self.recipe, self.tuning.scale, self.wires)


@dataclass(frozen=True, eq=False)
class ReservoirRun:
    """A trained reservoir and how it came about. `data` is the data set's name or folder."""

    folder: Path
    recipe: ReservoirRecipe
    data: str
    labels: tuple[str, ...]
    sample_rate: int | float
    model: ReservoirModel
    metrics: dict[str, Any]

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for, in the time of the chip."""
        return self.model.reservoir.chip


def save_reservoir(folder: str | Path, model: ReservoirModel) -> None:
    """Write model.safetensors, whole or not at all."""
    folder = Path(folder)
    arrays = {
        "tuning.scale": model.tuning.scale,
        "tuning.centre": model.tuning.centre,
        **{f"wires.{name}": array for name, array in model.wires._asdict().items()},
        "readout.weights": model.readout.weights,
        "readout.bias": model.readout.bias,
        "online": model.online,
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array, dtype=float)) for name, array in arrays.items()}
    save_tensors(folder / MODEL, tensors, {"regularisation": model.readout.regularisation})


def load_reservoir(folder: str | Path, recipe: ReservoirRecipe, n_labels: int) -> ReservoirModel:
    """Read model.safetensors. Raises: FileNotFoundError, or ValueError for a damaged file."""
    folder = Path(folder)
    tensors, metadata = load_tensors(folder / MODEL)
    arrays = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    if any(not np.isfinite(array).all() for array in arrays.values()):
        raise InputError(f"{folder / MODEL} is damaged (it holds NaN or infinity); train again, or copy it back")
    try:
        _require_shapes(arrays, recipe, n_labels)
        wires = Wires(*(arrays[f"wires.{name}"] for name in Wires._fields))
        tuning = Tuning(arrays["tuning.scale"], arrays["tuning.centre"])
        readout = LinearReadout(arrays["readout.weights"], arrays["readout.bias"], float(metadata["regularisation"]))
        model = ReservoirModel(recipe, tuning, wires, readout, arrays["online"])
        build_reservoir(recipe, tuning.scale, wires)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / MODEL} does not fit config.toml ({error}); train again") from error
    return model


def _require_shapes(arrays: dict[str, np.ndarray], recipe: ReservoirRecipe, n_labels: int) -> None:
    """Raise ValueError at the first array that is not of this recipe's lattice, bins and labels."""
    tuning = Tuning(arrays["tuning.scale"], arrays["tuning.centre"])
    n = recipe.reservoir.layout().n_neurons
    counts = recipe.readout.n_bins * n
    expected = {
        "tuning.scale": (tuning.scale.size,),
        "tuning.centre": (tuning.scale.size // 4 if tuning.centre.size else 0,),
        "wires.weights": (n_lines(tuning, recipe), n),
        "wires.recurrent": (n, n),
        "wires.tau_mem": (n,),
        "readout.weights": (counts, n_labels),
        "readout.bias": (n_labels,),
        "online": (counts, n_labels),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise InputError(f"{name} has shape {arrays[name].shape}, expected {shape}")


def require_reservoir(run: Any) -> ReservoirRun:
    """The run itself. Raises: ValueError if it is not of a reservoir."""
    if not isinstance(run, ReservoirRun):
        raise InputError(f"{run.folder} holds a {run.recipe.name!r} spotter; this takes a reservoir, as chip-20-36")
    return run
