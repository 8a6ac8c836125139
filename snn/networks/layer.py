"""A population of spiking neurons and the synapses onto it."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.kernels import Backend, run_layer
from snn.kernels.reference import DenseLayer, Moments, Norm
from snn.networks.circuit_settings import NeuronSettings
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_state
from snn.neurons.lif import LIFParams, LIFState, decay, lif_state
from snn.neurons.silicon_bias import SiliconBias
from snn.neurons.surrogate import SURROGATES
from snn.settings import section

ADAPT_A_LIMIT, ADAPT_B_LIMIT = 1.0, 2.0  # a in [-1, 1], b in [0, 2]. Source: Bittar and Garner 2022
NORM_MOMENTUM = 0.05  # Source: Bittar and Garner 2022


@section
class NetworkSettings:
    """Layers of spiking neurons and a leaky-integrator readout."""

    hidden: tuple[int, ...] = (128, 128)
    recurrent: bool = False
    norm: Literal["batch", "none"] = "batch"
    dropout: float = Field(0.1, ge=0, lt=1)
    tau_readout_s: float = Field(0.050, gt=0)

    def __post_init__(self):
        if not self.hidden or any(not 1 <= n <= 65_536 for n in self.hidden):
            raise InputError(f"hidden must name 1 to 65536 neurons per layer, got {list(self.hidden)}")


def log_uniform(n: int, span: tuple[float, float], generator: torch.Generator) -> Tensor:
    """n draws of ln tau, uniform between the logarithms of the span (s)."""
    low, high = math.log(span[0]), math.log(span[1])
    return low + (high - low) * torch.rand(n, generator=generator)


class SpikingLayer(torch.nn.Module):
    """Synapses, batch normalisation or a bias, then LIF or adaptive LIF neurons with learnable time constants.

    drive = norm(x W) + recurrent spikes R, or x W + bias + recurrent spikes R. The normalisation is folded into the
    weights on export. A bias is a free number, or the current of a tunnelling device (`SiliconBias`).
    """

    def __init__(
        self,
        fan_in: int,
        n_neurons: int,
        neuron: NeuronSettings,
        dt: Seconds,
        network: NetworkSettings,
        generator: torch.Generator,
        backend: Backend = "auto",
    ):
        super().__init__()
        self.neuron, self.dt, self.backend = neuron, dt, backend
        bound = math.sqrt(3 / fan_in)  # unit variance of each weight times sqrt(fan_in)
        self.weight = torch.nn.Parameter((2 * torch.rand(fan_in, n_neurons, generator=generator) - 1) * bound)
        self.norm, self.bias, self.silicon = None, None, None
        if network.norm == "batch":
            self.norm = torch.nn.BatchNorm1d(n_neurons)
        elif neuron.bias == "free":
            self.bias = torch.nn.Parameter(torch.rand(n_neurons, generator=generator))
        self.log_tau_mem = torch.nn.Parameter(log_uniform(n_neurons, neuron.tau_mem_s, generator))
        if neuron.bias == "silicon":
            self.silicon = SiliconBias(neuron.circuit(), self.tau_mem, neuron.acceleration, generator)
        self.recurrent = None
        if network.recurrent:
            start = torch.randn(n_neurons, n_neurons, generator=generator) * 0.5 / math.sqrt(n_neurons)
            self.recurrent = torch.nn.Parameter(start)
        if neuron.model == "adaptive_lif":
            self.log_tau_adapt = torch.nn.Parameter(log_uniform(n_neurons, neuron.tau_adapt_s, generator))
            self.adapt_a = torch.nn.Parameter(0.5 * torch.rand(n_neurons, generator=generator))
            self.adapt_b = torch.nn.Parameter(0.5 * torch.rand(n_neurons, generator=generator))

    @property
    def n_neurons(self) -> int:
        return self.weight.shape[1]

    @property
    def adaptive(self) -> bool:
        return self.neuron.model == "adaptive_lif"

    @property
    def tau_mem(self) -> Float[Tensor, " neuron"]:
        """Membrane time constants (s), held inside the recipe's span."""
        return _inside(self.log_tau_mem, self.neuron.tau_mem_s)

    @property
    def tau_adapt(self) -> Float[Tensor, " neuron"]:
        """Adaptation time constants (s), held inside the recipe's span."""
        return _inside(self.log_tau_adapt, self.neuron.tau_adapt_s)

    @property
    def offset(self) -> Float[Tensor, " neuron"]:
        """The bias without a normalisation: trained freely, or the current of each neuron's tunnelling device."""
        return self.bias if self.silicon is None else self.silicon.drive(self.tau_mem)

    def params(self) -> LIFParams | AdaptiveParams:
        """Parameters of one step; the threshold is 1, the circuit's swing."""
        alpha, spike_grad = decay(self.tau_mem, self.dt), SURROGATES[self.neuron.spike_grad]
        threshold = torch.ones_like(alpha)
        floor = self.neuron.circuit().v_floor
        if not self.adaptive:
            return LIFParams(alpha, threshold, spike_grad, floor)
        a = self.adapt_a.clamp(-ADAPT_A_LIMIT, ADAPT_A_LIMIT)
        b = self.adapt_b.clamp(0, ADAPT_B_LIMIT)
        return AdaptiveParams(alpha, threshold, decay(self.tau_adapt, self.dt), a, b, spike_grad, floor)

    def start(self, batch: int) -> LIFState | AdaptiveState:
        """All neurons at rest."""
        return (adaptive_state if self.adaptive else lif_state)(batch, self.log_tau_mem)

    def drive(self, x: Float[Tensor, "time batch fan_in"]) -> Float[Tensor, "time batch neuron"]:
        """Normalised synaptic input, in units of the threshold."""
        if self.norm is None:
            return x @ self.weight + self.offset
        if self.training:  # a plain mean over the first batches: their statistics count from the first epoch on
            self.norm.momentum = max(NORM_MOMENTUM, 1 / (1 + self.norm.num_batches_tracked.item()))
        return self.norm((x @ self.weight).flatten(0, 1)).unflatten(0, x.shape[:2])

    def scale_and_offset(self) -> tuple[Tensor, Tensor]:
        """The normalisation y = s x + t of each neuron's synaptic input, as learned; without one, 1 and the bias."""
        if self.norm is None:
            return torch.ones_like(self.offset), self.offset
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return scale, self.norm.bias - scale * self.norm.running_mean

    def dense(self) -> DenseLayer:
        """The layer as the kernels take it: the normalisation as learned lies in weights and bias."""
        if self.norm is None:
            return DenseLayer(self.weight, self.offset, self.params(), self.recurrent)
        scale, offset = self.scale_and_offset()
        return DenseLayer(self.weight * scale, offset, self.params(), self.recurrent)

    def trained(self) -> DenseLayer:
        """The layer as the kernels train it: the normalisation is that of each batch."""
        if self.norm is None or not self.training:
            return self.dense()
        norm = Norm(self.norm.weight, self.norm.eps)
        return DenseLayer(self.weight, self.norm.bias, self.params(), self.recurrent, norm)

    def track(self, moments: Moments, n_rows: int) -> None:
        """Let the moments of a batch of so many rows into those that evaluation takes."""
        self.norm.num_batches_tracked += 1
        part = max(NORM_MOMENTUM, 1 / self.norm.num_batches_tracked.item())
        self.norm.running_mean.lerp_(moments.mean, part)
        self.norm.running_var.lerp_(moments.variance * (n_rows / max(1, n_rows - 1)), part)

    def forward(
        self, x: Float[Tensor, "time batch fan_in"], state: LIFState | AdaptiveState | None = None
    ) -> tuple[Float[Tensor, "time batch neuron"], LIFState | AdaptiveState]:
        """Spikes and the last state; `state` None starts from rest."""
        state = self.start(x.shape[1]) if state is None else state
        return run_layer(self.drive(x), state, self.params(), self.recurrent, self.backend)


def _inside(log_tau: Tensor, span: tuple[float, float]) -> Tensor:
    return log_tau.clamp(math.log(span[0]), math.log(span[1])).exp()
