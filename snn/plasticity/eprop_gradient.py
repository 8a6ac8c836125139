"""e-prop: the gradient of a recurrent spiking layer forward in time, from what a synapse knows and a learning signal.

    eps_ij <- dv_j'/dv_j eps_ij + dv_j'/dI_j pre_i         how the synapse moves its neuron's membrane
    e_ij    = ds_j/dv_j eps_ij + ds_j/dI_j pre_i           ... and its spikes
    dE/dw_ij ~ sum over t of L_j F(e_ij),   L_j = sum over k of B_jk dE/dy_k,   F the readout's leak

The derivatives are those of `lif_step`, one step long, so its reset and surrogate hold here too. What is left out is
the way from spike to spike through the recurrent weights; without these, and with B the readout's weights, the gradient
is exact. Source: Bellec et al. 2020, Nature Communications 11:3625, equations 3 to 5 and 21 to 24.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from snn.neurons.lif import LIFParams, LIFState, leaky_step, lif_state, lif_step


class EpropNetwork(NamedTuple):
    """Weights (from, to) of a layer of LIF neurons and a leaky readout, which keeps `readout_decay` a step."""

    inputs: Float[Tensor, "input neuron"]
    recurrent: Float[Tensor, "neuron neuron"]
    readout: Float[Tensor, "neuron label"]
    neurons: LIFParams
    readout_decay: float


class EpropGradients(NamedTuple):
    """Gradients of the loss, each in the shape of its weights."""

    inputs: Float[Tensor, "input neuron"]
    recurrent: Float[Tensor, "neuron neuron"]
    readout: Float[Tensor, "neuron label"]


class _Trace(NamedTuple):
    """Per synapse, carried from step to step: no past is stored."""

    membrane: Float[Tensor, "batch presynaptic neuron"]
    filtered: Float[Tensor, "batch presynaptic neuron"]


@torch.no_grad()
def eprop_gradients(
    drive: Float[Tensor, "time batch input"],
    labels: Int[Tensor, " batch"],
    network: EpropNetwork,
    feedback: Float[Tensor, "neuron label"] | None = None,
) -> tuple[EpropGradients, Float[Tensor, "time batch label"]]:
    """Gradients of the cross-entropy of softmax(y), averaged over steps and clips, and the readout y.

    `feedback` is B: None takes the readout's weights (symmetric e-prop), a fixed random matrix is random e-prop.
    """
    n_steps, n_batch, _ = drive.shape
    state, y = lif_state(n_batch, network.neurons.alpha), drive.new_zeros(n_batch, network.readout.shape[1])
    weights = torch.cat((network.inputs, network.recurrent))
    trace = _Trace(*(drive.new_zeros(n_batch, *weights.shape) for _ in range(2)))
    leak = LIFParams(torch.full_like(network.readout[0], network.readout_decay), torch.ones_like(network.readout[0]))
    feedback = network.readout if feedback is None else feedback
    answer = torch.nn.functional.one_hot(labels, y.shape[1]).to(y)
    low_pass, outputs = torch.zeros_like(state.v), []
    gradient, readout_gradient = torch.zeros_like(weights), torch.zeros_like(network.readout)
    for x in drive.unbind(0):
        state, trace = _step(torch.cat((x, state.spikes), 1), weights, state, trace, network)
        y, _ = leaky_step(state.spikes @ network.readout, LIFState(y, y), leak)
        low_pass = torch.lerp(state.spikes, low_pass, network.readout_decay)
        error = (y.softmax(1) - answer) / (n_steps * n_batch)
        gradient += torch.einsum("bpn,bn->pn", trace.filtered, error @ feedback.T)
        readout_gradient += low_pass.T @ error
        outputs.append(y)
    split = (network.inputs.shape[0], network.recurrent.shape[0])
    return EpropGradients(*gradient.split(split), readout_gradient), torch.stack(outputs)


def _step(
    presynaptic: Tensor, weights: Tensor, state: LIFState, trace: _Trace, network: EpropNetwork
) -> tuple[LIFState, _Trace]:
    """One step of the layer and of the traces of its synapses."""
    with torch.enable_grad():
        current = (presynaptic @ weights).requires_grad_()
        v = state.v.detach().requires_grad_()
        spikes, after = lif_step(current, LIFState(v, state.spikes), network.neurons)
        spikes_by = torch.autograd.grad(spikes.sum(), (v, current), retain_graph=True)
        membrane_by = torch.autograd.grad(after.v.sum(), (v, current))
    event = _chain(spikes_by, trace.membrane, presynaptic)
    membrane = _chain(membrane_by, trace.membrane, presynaptic)
    filtered = torch.lerp(event, trace.filtered, network.readout_decay)
    return LIFState(after.v.detach(), spikes.detach()), _Trace(membrane, filtered)


def _chain(by: tuple[Tensor, Tensor], membrane: Tensor, presynaptic: Tensor) -> Tensor:
    """d/dv eps + d/dI pre, for each synapse."""
    by_v, by_current = by
    return by_v[:, None] * membrane + by_current[:, None] * presynaptic[:, :, None]
