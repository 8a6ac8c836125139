"""A network's batch in Brian2: the exported network in an independent simulator, in double precision and slow."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from snn.networks.answers import Observed
from snn.reference import StepRun, run_brian2

TWIN_CLIPS = 16  # run at once by Brian2, which holds every synapse of every clip


def run_twin(
    chip: ChipNetwork, inputs: Float[Tensor, "batch time channel"], window: float
) -> tuple[Float[Tensor, "batch time label"], Observed]:
    """Potentials of the readout, and everything that is counted.

    Args:  inputs: features or spikes.  window: below threshold, in units of the swing.
    """
    x = inputs.numpy()
    network, twin = chip.network, run_brian2(chip, x)
    counted = {name: value.sum((0, 1), dtype=torch.float64) for name, value in _values(network, x, twin, window)}
    return torch.from_numpy(twin.potential[network.layers[-1].name]), Observed(x.shape[1], counted)


def _values(network: NetworkSpec, x: np.ndarray, twin: StepRun, window: float) -> Iterator[tuple[str, Tensor]]:
    first = network.layers[0]
    drive = x @ first.weights + first.bias
    yield ("input", torch.from_numpy(x)) if network.n_external else ("charge", torch.from_numpy(drive).clamp_min(0))
    for layer in (each for each in network.layers if each.spiking):
        spikes = twin.spikes[layer.name]
        near = (spikes > 0) | (twin.potential[layer.name] > layer.v_threshold - window)
        yield from ((f"spikes.{layer.name}", torch.from_numpy(spikes)), (f"near.{layer.name}", torch.from_numpy(near)))
