"""One scan over time, the same for every neuron."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError

Step = Callable[[Tensor, Any, Any], tuple[Tensor, Any]]


def scan(
    step: Step,
    drive: Float[Tensor, "time batch neuron"],
    state: Any,
    params: Any,
    recurrent: Float[Tensor, "neuron neuron"] | None = None,
) -> tuple[Float[Tensor, "time batch neuron ..."], Any]:
    """Run `step(drive[t], state, params) -> (output, state)` through time.

    With `recurrent` weights (from, to) the spikes of the step before add to the drive: drive[t] + spikes[t-1] W.
    Returns: the outputs, stacked over time, and the last state. Raises: InputError if drive and state do not match.
    """
    check_shapes(drive, state)
    outputs = []
    for x in drive.unbind(0):
        output, state = step(x if recurrent is None else torch.addmm(x, state.spikes, recurrent), state, params)
        outputs.append(output)
    return torch.stack(outputs), state


def scan_watched(
    step: Step,
    window: float,
    drive: Float[Tensor, "time batch neuron"],
    state: Any,
    params: Any,
    recurrent: Float[Tensor, "neuron neuron"] | None = None,
) -> tuple[Float[Tensor, "time batch neuron"], Float[Tensor, "time batch neuron"]]:
    """`scan`, and where a step ends within `window` below threshold or in a spike: 1, elsewhere 0."""

    def watched(x: Tensor, state: Any, params: Any) -> tuple[Float[Tensor, "batch neuron two"], Any]:
        spikes, state = step(x, state, params)
        near = (spikes > 0) | (state.v > params.v_threshold - window)
        return torch.stack((spikes, near.to(spikes.dtype)), -1), state

    spikes, near = scan(watched, drive, state, params, recurrent)[0].unbind(-1)
    return spikes, near


def check_shapes(drive: Float[Tensor, "time batch neuron"], state: Any) -> None:
    """Raises: InputError if drive and state do not belong together, or there is no time step."""
    if drive.shape[1:] != state.v.shape:
        raise InputError(
            f"drive is (time, batch, neuron) = {tuple(drive.shape)}, but the state is (batch, neuron) = "
            f"{tuple(state.v.shape)}; start from a state of the same batch"
        )
    if not len(drive):
        raise InputError("drive has no time steps; give at least one")
