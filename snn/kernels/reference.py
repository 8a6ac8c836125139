"""The meaning of a layer's time loop, in plain PyTorch: what every backend must agree with."""

from jaxtyping import Float
from torch import Tensor

from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_step
from snn.neurons.lif import LIFParams, LIFState, leaky_step, lif_step
from snn.neurons.scan import Step, scan

Params = LIFParams | AdaptiveParams
State = LIFState | AdaptiveState


def step_of(params: Params) -> Step:
    """The step function that belongs to the parameters."""
    return adaptive_step if isinstance(params, AdaptiveParams) else lif_step


def run_layer(
    drive: Float[Tensor, "time batch neuron"], state: State, params: Params, recurrent: Tensor | None = None
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes of a layer and its last state."""
    return scan(step_of(params), drive, state, params, recurrent)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials of leaky integrators and their last state."""
    return scan(leaky_step, drive, state, params)
