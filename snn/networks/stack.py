"""A stack of one's own modules as a model: evaluated, priced, exported and streamed as a spotter is."""

import math
from collections.abc import Sequence
from types import NoneType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from circuits.errors import InputError
from circuits.network.chip_network import BiasDevices
from circuits.network.spec import NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.units import Seconds
from snn.audio.front_end import FrontEnd
from snn.encoders.encoder import ENCODERS
from snn.kernels import Backend
from snn.kernels.reference import Network
from snn.networks.circuit_settings import NeuronSettings
from snn.networks.layer_spec import bias_devices
from snn.networks.spiking_model import SpikingModel, Trained
from snn.networks.stack_reader import read_stack, silicon_of
from snn.networks.stack_training import trained_stack


class Stack(SpikingModel):
    """A trained `nn.Sequential` and what it answers: encoder, nn.Linear and neurons in turns, nn.Linear, readout.

    Its modules are shared, not copied: train them as you like, fastest by `loss`, or by `fit`. An encoder may be any
    module that gives spikes.
    Args: front_end: that made the features; None: they come from elsewhere. circuit: of the neurons, in the time of
        the features; None: that of the recipes, brought to these time constants. Inhibition stops at its `v_floor`:
        train with that. chip: that the circuit is of; "": none. seed: of a rate encoder's spikes.
    Raises: InputError naming a module that cannot be read, labels that do not match, a dt that is not the front end's.
    """

    made_of = "this stack"

    def __init__(
        self,
        model: nn.Sequential,
        labels: Sequence[str],
        *,
        front_end: FrontEnd | None = None,
        circuit: LIFCircuit | None = None,
        chip: str = "",
        name: str = "stack",
        seed: int = 0,
        backend: Backend = "auto",
    ):
        super().__init__()
        parts = read_stack(model)
        if len(labels) != parts.readout.neurons.n or len(labels) < 2:
            raise InputError(f"the readout of {name} has {parts.readout.neurons.n} outputs for {len(labels)} labels")
        self.model, self.labels, self.front_end = model, tuple(labels), front_end
        self.name, self.chip_name, self.seed, self.backend, self.dt = name, chip, seed, backend, parts.dt
        self.n_lines = len(parts.layers[0].weight)
        heard = "features" if front_end is None else front_end.description
        self.input_name = heard if parts.encoder is None else f"{heard}; {type(parts.encoder).__name__}"
        self.circuit = circuit or _usual_circuit(self.network())
        if front_end is not None and isinstance(parts.encoder, (*ENCODERS, NoneType)):
            self._require_step(front_end.hop_s / getattr(parts.encoder, "n_steps", 1))

    def _require_step(self, dt: Seconds) -> None:
        if not math.isclose(self.dt, dt, rel_tol=1e-6):
            raise InputError(f"dt of {self.name} is {self.dt:g} s, its features make one of {dt:g} s: train at that")

    @property
    def encoder(self) -> nn.Module | None:
        """What makes spikes of features."""
        return read_stack(self.model).encoder

    def kernels(self) -> Network:
        """What runs from features, or from the spikes of an encoder without neurons; normalisation folded in."""
        return read_stack(self.model).network()

    def trained(self, generator: torch.Generator | None = None) -> Trained:
        """What `loss` trains, on no silicon.

        Raises: InputError for dropout or normalisation where the fused pass knows none.
        """
        del generator
        return trained_stack(self.model)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs of the first layer, neurons of each, labels."""
        return (self.n_lines, *(len(layer.bias) for layer in self.kernels().layers), len(self.labels))

    def bias_devices(self) -> dict[str, BiasDevices]:
        """Those of layers with a bias of silicon."""
        found = {f"hidden{i}": silicon_of(layer) for i, layer in enumerate(read_stack(self.model).layers, 1)}
        return {name: bias_devices(bias) for name, bias in found.items() if bias is not None}

    def forward(self, x: Float[Tensor, "batch frame band"]) -> Float[Tensor, "batch time label"]:
        """Potentials of the readout, module by module."""
        return self.model(x)


def _usual_circuit(spec: NetworkSpec) -> LIFCircuit:
    """The circuit of the recipes with the typical time constant of these neurons, the geometric mean."""
    tau = np.concatenate([layer.tau_mem for layer in spec.layers if layer.spiking])
    return circuit_for_tau(float(np.exp(np.log(tau).mean())), NeuronSettings().bare())
