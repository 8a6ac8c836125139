"""A network as plain NumPy data: layers, weights and time constants, without a live module and without silicon."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from circuits.errors import InputError
from circuits.units import Seconds, freeze_si, require

LayerKind = Literal["encoder", "lif", "adaptive_lif", "readout"]
MEMBRANE_KINDS: tuple[LayerKind, ...] = ("encoder", "lif", "adaptive_lif", "readout")  # with a potential that leaks
EXTERNAL_INPUT = "external input"  # what drives a first layer that is no encoder: spikes from outside

_ARRAYS = ("weights", "bias", "tau_mem", "v_threshold", "recurrent", "tau_adapt", "adapt_a", "adapt_b")


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One population of neurons and the synapses onto it, in thresholds: at rest 0, after a spike 0.

    A presynaptic spike moves the potential by `weights[from, to]`, the bias moves it in every time step.
    An "encoder" is driven by signals: its weights are `(signal, neuron)`, a step of the potential per unit of signal.
    """

    name: str
    kind: LayerKind
    weights: np.ndarray  # (fan_in, neuron)
    bias: np.ndarray  # (neuron,)
    tau_mem: np.ndarray  # (neuron,), s
    v_threshold: np.ndarray  # (neuron,)
    recurrent: np.ndarray | None = None  # (neuron, neuron), from the step before
    tau_adapt: np.ndarray | None = None  # (neuron,), s
    adapt_a: np.ndarray | None = None  # (neuron,), dw/dv
    adapt_b: np.ndarray | None = None  # (neuron,), jump of w per spike

    def __post_init__(self):
        n = self.n_neurons
        shapes = {"weights": (self.fan_in, n), "recurrent": (n, n)}
        for name in _ARRAYS:
            value = getattr(self, name)
            if value is None:
                continue
            expected = shapes.get(name, (n,))
            if value.shape != expected:
                raise InputError(f"layer {self.name!r}: {name} has shape {value.shape}, expected {expected}")
            if not np.all(np.isfinite(value)):
                raise InputError(f"layer {self.name!r}: {name} holds NaN or infinity; train again or check the file")
        if np.any(self.tau_mem <= 0):
            raise InputError(f"layer {self.name!r}: tau_mem must be positive, got {self.tau_mem.min()} s")

    @property
    def n_neurons(self) -> int:
        return self.weights.shape[1]

    @property
    def fan_in(self) -> int:
        return self.weights.shape[0]

    @property
    def spiking(self) -> bool:
        return self.kind != "readout"

    @property
    def crossbar(self) -> np.ndarray:
        """All synapses onto the layer, `(line, neuron)`: the rows of `weights`, then those of `recurrent`.

        An encoder's signal lines are not synapses.
        """
        own = self.weights[:0] if self.kind == "encoder" else self.weights
        return own if self.recurrent is None else np.vstack((own, self.recurrent))

    @property
    def n_synapses(self) -> int:
        """Weights that are not zero, recurrent ones included."""
        return int(np.count_nonzero(self.crossbar))


@dataclass(frozen=True, eq=False)
class NetworkSpec:
    """A feed-forward chain of layers (each may be recurrent), advanced in steps of `dt`.

    One that is `event_driven` is in the time of its chip and has no steps: `dt` is then that of its signal's rows.
    `v_floor` is the lowest potential that inhibition reached while the network was trained, in thresholds.
    """

    name: str
    dt: Seconds
    layers: tuple[LayerSpec, ...]
    labels: tuple[str, ...] = ()
    input_name: str = "log-mel"
    event_driven: bool = False
    v_floor: float = 0.0

    def __post_init__(self):
        freeze_si(self)
        require(self, "dt", self.dt > 0, "positive")
        require(self, "v_floor", self.v_floor <= 0, "at most 0, the reset")
        for before, after in pairwise(self.layers):
            if before.n_neurons != after.fan_in:
                raise InputError(
                    f"layer {after.name!r} takes {after.fan_in} inputs, {before.name!r} has {before.n_neurons} neurons"
                )
        for layer in self.layers[1:]:
            if layer.kind == "encoder":
                raise InputError(f"encoder {layer.name!r} must come first: signal currents drive it, not spikes")
        names = [layer.name for layer in self.layers]
        if len({EXTERNAL_INPUT, *names}) != len(names) + 1:
            raise InputError(f"layer names must differ, and none may be {EXTERNAL_INPUT!r}, got {names}")

    def layer(self, name: str) -> LayerSpec:
        """The layer of that name. Raises KeyError, naming those that exist."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r}; there are {', '.join(layer.name for layer in self.layers)}")

    @property
    def n_external(self) -> int:
        """Channels of spikes that come from outside; none where the first layer is an encoder."""
        return 0 if not self.layers or self.layers[0].kind == "encoder" else self.layers[0].fan_in

    def sources(self, layer: LayerSpec) -> tuple[tuple[str, int], ...]:
        """What drives each line of the layer's crossbar: name of the population, index in it."""
        index = self.layers.index(layer)
        before = self.layers[index - 1].name if index else EXTERNAL_INPUT
        lines = [] if layer.kind == "encoder" else [(before, i) for i in range(layer.fan_in)]
        loops = 0 if layer.recurrent is None else layer.n_neurons
        return (*lines, *((layer.name, i) for i in range(loops)))

    @property
    def n_neurons(self) -> int:
        return sum(layer.n_neurons for layer in self.layers)

    @property
    def n_synapses(self) -> int:
        return sum(layer.n_synapses for layer in self.layers)
