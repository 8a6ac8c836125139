"""The time loop of a layer on the fastest backend that can run it; `reference.py` defines what it means."""

from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from snn.kernels import reference
from snn.kernels.checks import check_costs, check_labels, check_layer, check_network, check_numbers, check_sound
from snn.kernels.dropout import NO_DROPOUT, Dropout
from snn.kernels.reference import Loss, Network, Params, SpikeCosts, State, Watched
from snn.neurons.lif import LIFParams, LIFState

Backend = Literal["auto", "reference", "cpu", "gpu"]
BACKENDS: tuple[Backend, ...] = ("auto", "reference", "cpu", "gpu")


def run_layer(
    drive: Float[Tensor, "time batch neuron"],
    state: State,
    params: Params,
    recurrent: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes `(time, batch, neuron)` of a layer and its last state.

    Args: drive: input in units of the threshold. recurrent: weights (from, to) of the spikes of the step before.
    Raises: InputError if shapes do not match, or the named backend cannot run this; FloatingPointError if a potential
        is not finite.
    """
    chosen = _backend(backend, drive, params)
    check_layer(drive, state, params, recurrent)
    spikes, last = chosen.run_layer(drive, state, params, recurrent)
    check_sound(last.v)
    return spikes, last


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams, backend: str = "auto"
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials `(time, batch, label)` of leaky integrators and their last state."""
    chosen = _backend(backend, drive, params)
    check_layer(drive, state, params, None)
    return chosen.run_readout(drive, state, params)


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    network: Network,
    evidence: float,
    backend: str = "auto",
    dropout: Dropout = NO_DROPOUT,
    costs: SpikeCosts = (),
) -> Loss:
    """Mean cross entropy of a whole network's voting readout: fused where the kernels can run it.

    Args: x: features of the encoder, or spikes or features of the first layer. evidence: weight of all votes together.
        dropout: of each layer's spikes on their way to what follows, not of the encoder's.
        costs: of one spike of each neuron, added to the loss of its clip; none: spikes are free.
    Raises: InputError if shapes do not match, or the named backend cannot run this; FloatingPointError if a potential
        is not finite.
    """
    chosen = _backend(backend, x, network.layers[0].params) if network.layers else reference
    check_network(network, x)
    check_labels(x, labels, network.readout)
    check_costs(costs, network)
    if chosen.__name__ == "snn.kernels.cpu":
        from snn.kernels import fused

        return fused.network_loss(x, labels, network, evidence, dropout, costs)
    run = partial(run_layer, backend=backend), partial(run_readout, backend=backend)
    return reference.network_loss(x, labels, network, evidence, dropout, costs, *run)


def run_network(
    x: Float[Tensor, "time batch channel"], network: Network, backend: str = "auto"
) -> tuple[Float[Tensor, "time batch label"], tuple[Float[Tensor, "time batch neuron"], ...]]:
    """Readout potentials and the spikes of every population of a network that starts from rest; no gradients.

    Raises: InputError if shapes do not match, x is not finite, or the named backend cannot run this;
        FloatingPointError if a weight, a parameter or a potential is not finite.
    """
    check_network(network, x)
    if _backend(backend, x, network.layers[0].params).__name__ == "snn.kernels.cpu":
        from snn.kernels import cpu_network

        return cpu_network.run_network(x, network)
    check_numbers(network)
    return reference.run_network(x, network, partial(run_layer, backend=backend), partial(run_readout, backend=backend))


def watch_network(
    x: Float[Tensor, "time batch channel"], network: Network, window: float, backend: str = "auto"
) -> Watched:
    """Readout potentials of a network that starts from rest, and what its neurons did, counted in the same pass.

    Args: window: where a neuron counts as near its threshold, below it and in units of the swing.
    Raises: as `run_network`.
    """
    check_network(network, x)
    if _backend(backend, x, network.layers[0].params).__name__ == "snn.kernels.cpu":
        from snn.kernels import cpu_network

        return cpu_network.watch_network(x, network, window)
    check_numbers(network)
    return reference.watch_network(x, network, window)


def _backend(name: str, drive: Tensor, params: Params) -> ModuleType:
    """The module that runs it. Raises: InputError for an unknown name, or a backend that cannot."""
    if name not in BACKENDS:
        raise InputError(f"unknown backend {name!r}; known: {', '.join(BACKENDS)}")
    own = {"cpu": "cpu", "cuda": "gpu"}.get(drive.device.type, "reference") if name == "auto" else name
    if own == "reference":
        return reference
    chosen = import_module(f"snn.kernels.{own}")  # compiles on first use
    if chosen.supports(drive, params):
        return chosen
    if name == "auto":
        return reference
    if own == "gpu":
        chosen.check_place(drive)
    place = "CUDA tensors" if own == "gpu" else "tensors on the CPU (--device cpu)"
    raise InputError(
        f"the {own} kernels run {place}, float32 and float64, got {drive.dtype} on {drive.device}; convert it, or "
        'choose backend = "auto"'
    )
