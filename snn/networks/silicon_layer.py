"""A spiking layer of one circuit whose gate biases and device widths are trained with its weights."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds
from snn.kernels import run_layer
from snn.kernels.reference import DenseLayer
from snn.neurons.axes import require_axes, require_state
from snn.neurons.lif import LIFParams, LIFState, decay, lif_state
from snn.neurons.silicon_bias import SiliconBias
from snn.neurons.surrogate import SpikeGrad, boxcar


class SiliconLayer(torch.nn.Module):
    """LIF neurons of one circuit; each is biased by a tunnelling device of its own, `bias.v_gs` and `bias.width`.

        drive = x W + I_bias tau_mem / (acceleration q)

    The leak is the circuit's, so tau_mem is fixed. `weight` is `(fan_in, neuron)`; a fan-in of 0 leaves the bias alone.
    Args: circuit: in real time, its tau_mem that of the neurons (`circuit_for_tau`). dt: time step (s) in real time.
        acceleration: how many times faster the chip runs, which decides on the currents.
    Raises: InputError, with the remedy, if the device cannot deliver these currents.
    """

    def __init__(
        self,
        fan_in: int,
        n_neurons: int,
        circuit: LIFCircuit,
        dt: Seconds,
        *,
        acceleration: float,
        generator: torch.Generator,
        spike_grad: SpikeGrad = boxcar,
    ):
        super().__init__()
        self.circuit, self.dt, self.spike_grad = circuit, dt, spike_grad
        bound = math.sqrt(3 / max(fan_in, 1))
        self.weight = torch.nn.Parameter((2 * torch.rand(fan_in, n_neurons, generator=generator) - 1) * bound)
        self.register_buffer("tau_mem", torch.full((n_neurons,), circuit.tau_mem))
        self.bias = SiliconBias(circuit, self.tau_mem, acceleration, generator)

    def params(self) -> LIFParams:
        """Parameters of one step; the threshold is 1, the circuit's swing."""
        threshold = torch.ones_like(self.tau_mem)
        return LIFParams(decay(self.tau_mem, self.dt), threshold, self.spike_grad, self.circuit.v_floor)

    def drive(self, x: Float[Tensor, "batch time fan_in"]) -> Float[Tensor, "batch time neuron"]:
        """Input of the synapses and of the bias devices, in units of the swing."""
        require_axes(x.shape, len(self.weight), "SiliconLayer")
        return x @ self.weight + self.bias.drive(self.tau_mem)

    def dense(self) -> DenseLayer:
        """The layer as the kernels take it."""
        return DenseLayer(self.weight, self.bias.drive(self.tau_mem), self.params())

    trained = dense  # nothing of it is normalised

    def forward(self, x: Float[Tensor, "batch time fan_in"]) -> Float[Tensor, "batch time neuron"]:
        """Spikes from rest."""
        return self.run(x)[0]

    def run(
        self, x: Float[Tensor, "batch time fan_in"], state: LIFState | None = None
    ) -> tuple[Float[Tensor, "batch time neuron"], LIFState]:
        """Spikes and the last state; `state` None starts from rest."""
        drive = self.drive(x)
        state = lif_state(len(x), self.tau_mem) if state is None else state
        require_state(drive.shape, state.v.shape)
        spikes, state = run_layer(drive.transpose(0, 1), state, self.params())
        return spikes.transpose(0, 1), state
