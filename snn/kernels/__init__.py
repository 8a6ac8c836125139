"""The time loop of a layer on the fastest backend that can run it; `reference.py` defines what it means."""

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from snn.kernels import reference
from snn.kernels.reference import DenseLayer, Params, Readout, State
from snn.neurons.lif import LIFParams, LIFState

Backend = Literal["auto", "reference", "cpu"]
BACKENDS: tuple[Backend, ...] = ("auto", "reference", "cpu")


def run_layer(
    drive: Float[Tensor, "time batch neuron"],
    state: State,
    params: Params,
    recurrent: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes `(time, batch, neuron)` of a layer and its last state.

    Args: drive: input in units of the threshold. recurrent: weights (from, to) of the spikes of the step before.
    Raises: ValueError if shapes do not match, or the named backend cannot run this.
    """
    return _backend(backend, drive, params).run_layer(drive, state, params, recurrent)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams, backend: str = "auto"
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials `(time, batch, label)` of leaky integrators and their last state."""
    return _backend(backend, drive, params).run_readout(drive, state, params)


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    layers: tuple[DenseLayer, ...],
    readout: Readout,
    evidence: float,
    backend: str = "auto",
) -> Float[Tensor, ""]:
    """Mean cross entropy of a whole network's voting readout: fused where the kernels can run it.

    Args: x: spikes or features of the first layer. evidence: weight of all votes together.
    Raises: ValueError if shapes do not match, or the named backend cannot run this.
    """
    chosen = _backend(backend, x, layers[0].params)
    if chosen is reference:
        return reference.network_loss(x, labels, layers, readout, evidence)
    from snn.kernels import fused

    return fused.network_loss(x, labels, layers, readout, evidence)


def _backend(name: str, drive: Tensor, params: Params):
    """The module that runs it. Raises: ValueError for an unknown name, or a backend that cannot."""
    if name not in BACKENDS:
        raise ValueError(f"unknown backend {name!r}; known: {', '.join(BACKENDS)}")
    if name == "reference" or drive.device.type != "cpu":
        return reference
    from snn.kernels import cpu  # compiles on first use

    if cpu.supports(drive, params):
        return cpu
    if name == "cpu":
        raise ValueError(f"the cpu kernels run float32 and float64 with a named surrogate, got {drive.dtype}")
    return reference
