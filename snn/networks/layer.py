"""A population of spiking neurons and the synapses onto it."""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.kernels import Backend
from snn.kernels.reference import DenseLayer, Norm, Params, State
from snn.networks.batch_norm import BatchNorm
from snn.networks.chip_settings import OFF, ChipSettings
from snn.networks.circuit_settings import NeuronSettings
from snn.networks.leaky_readout import LeakyReadout
from snn.networks.spiking_neurons import LIF, AdaptiveLIF
from snn.networks.synapses import Synapses
from snn.networks.time_constants import TimeConstants
from snn.neurons.axes import require_axes
from snn.neurons.silicon_bias import SiliconBias
from snn.settings import section


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


class Block(NamedTuple):
    """Synapses `(fan_in, neuron)`, and what takes their sums."""

    weight: Tensor
    bias: Tensor | None
    norm: BatchNorm | None
    neurons: LIF | AdaptiveLIF | LeakyReadout

    def weight_and_bias(self) -> tuple[Tensor, Tensor]:
        """Weight `(fan_in, neuron)` and bias, the normalisation as learned folded in."""
        bias = self.weight.new_zeros(self.weight.shape[1]) if self.bias is None else self.bias
        if self.norm is None:
            return self.weight, bias
        scale, offset = self.norm.scale_and_offset()
        return self.weight * scale, bias * scale + offset

    def dense(self) -> DenseLayer:
        """The layer as the kernels take it."""
        return DenseLayer(*self.weight_and_bias(), self.neurons.params(), self.neurons.recurrent)

    def trained(self) -> DenseLayer:
        """The layer as the kernels train it: the normalisation is that of each batch, while it learns."""
        if self.norm is None or not self.norm.training:
            return self.dense()
        bias = self.norm.bias if self.bias is None else self.norm.bias + 0 * self.bias  # the mean takes it out again
        norm = Norm(self.norm.weight, self.norm.eps)
        return DenseLayer(self.weight, bias, self.neurons.params(), self.neurons.recurrent, norm)


class SpikingLayer(torch.nn.Module):
    """Synapses, batch normalisation or a bias, then LIF or adaptive LIF neurons with learnable time constants.

    drive = norm(x W) + recurrent spikes R, or x W + bias + recurrent spikes R. The normalisation is folded into the
    weights on export. A bias is a free number, or the current of a tunnelling device (`SiliconBias`). W and R are what
    `chip` holds of the trained weights.
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
        chip: ChipSettings = OFF,
    ):
        super().__init__()
        bound = math.sqrt(3 / fan_in)  # unit variance of each weight times sqrt(fan_in)
        self.weight = torch.nn.Parameter((2 * torch.rand(fan_in, n_neurons, generator=generator) - 1) * bound)
        self.norm, self.bias, self.silicon = None, None, None
        if network.norm == "batch":
            self.norm = BatchNorm(n_neurons)
        elif neuron.bias == "free":
            self.bias = torch.nn.Parameter(torch.rand(n_neurons, generator=generator))
        tau_mem = TimeConstants(n_neurons, neuron.tau_mem_s, generator=generator)
        if neuron.bias == "silicon":
            self.silicon = SiliconBias(neuron.circuit(), tau_mem(), neuron.acceleration, generator)
        settings = {
            "tau_mem": tau_mem,
            "dt": dt,
            "recurrent": network.recurrent,
            "spike_grad": neuron.spike_grad,
            "v_floor": neuron.circuit().v_floor,
            "generator": generator,
            "backend": backend,
        }
        adaptive = neuron.model == "adaptive_lif"
        self.neurons: LIF | AdaptiveLIF = (
            AdaptiveLIF(n_neurons, tau_adapt=neuron.tau_adapt_s, **settings) if adaptive else LIF(n_neurons, **settings)
        )
        self.synapses = Synapses(chip, (fan_in, n_neurons), out=1)
        self.loops = Synapses(chip, (n_neurons, n_neurons), out=1) if network.recurrent else None

    @property
    def n_neurons(self) -> int:
        return self.neurons.n

    @property
    def tau_mem(self) -> Float[Tensor, " neuron"]:
        """Membrane time constants (s), held inside the recipe's span."""
        return self.neurons.tau_mem

    @property
    def offset(self) -> Float[Tensor, " neuron"]:
        """The bias without a normalisation: trained freely, or the current of each neuron's tunnelling device."""
        return self.bias if self.silicon is None else self.silicon.drive(self.tau_mem)

    def params(self) -> Params:
        """Parameters of one step; the threshold is 1, the circuit's swing."""
        return self.neurons.params()

    def drive(self, x: Float[Tensor, "batch time fan_in"]) -> Float[Tensor, "batch time neuron"]:
        """Normalised synaptic input, in units of the threshold."""
        require_axes(x.shape, len(self.weight), "SpikingLayer")
        weight = self.synapses(self.weight)
        return x @ weight + self.offset if self.norm is None else self.norm(x @ weight)

    def dense(self) -> DenseLayer:
        """As `Block.dense`."""
        return self._held(self._block().dense())

    def trained(self) -> DenseLayer:
        """As `Block.trained`."""
        return self._held(self._block().trained())

    def settle(self, freeze: bool) -> None:
        """Fix the inputs of each neuron, and freeze the normalisation."""
        self.synapses.fix(self.weight)
        if freeze and self.norm is not None:
            self.norm.eval()

    def _block(self) -> Block:
        weight = self.synapses(self.weight)
        return Block(weight, self.offset if self.norm is None else None, self.norm, self.neurons)

    def _held(self, layer: DenseLayer) -> DenseLayer:
        """With the recurrent weights that the chip holds."""
        return layer if self.loops is None else layer._replace(recurrent=self.loops(layer.recurrent))

    def forward(self, x: Float[Tensor, "batch time fan_in"]) -> Float[Tensor, "batch time neuron"]:
        """Spikes from rest."""
        return self.run(x)[0]

    def run(
        self, x: Float[Tensor, "batch time fan_in"], state: State | None = None
    ) -> tuple[Float[Tensor, "batch time neuron"], State]:
        """Spikes and the last state; `state` None starts from rest."""
        return self.neurons.run(
            self.drive(x), state, None if self.loops is None else self.loops(self.neurons.recurrent)
        )
