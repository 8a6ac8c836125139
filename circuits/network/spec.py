"""A network as plain NumPy data: layers, weights and time constants, without a live module and without silicon."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from circuits.errors import InputError
from circuits.network.convolution import Convolution
from circuits.units import Seconds, freeze_si, require

LayerKind = Literal["encoder", "lif", "adaptive_lif", "readout", "dense", "conv", "mean_pool", "max_pool"]
MEMBRANE_KINDS: tuple[LayerKind, ...] = ("encoder", "lif", "adaptive_lif", "readout")  # with a potential that leaks
POOL_KINDS: tuple[LayerKind, ...] = ("mean_pool", "max_pool")  # of each channel by itself, without weights
GRID_KINDS: tuple[LayerKind, ...] = ("conv", *POOL_KINDS)  # a window that slides over a grid
VALUE_KINDS: tuple[LayerKind, ...] = ("dense", *GRID_KINDS)  # conventional: values in, values out, no state
EXTERNAL_INPUT = "external input"  # what drives a first layer that is no encoder: spikes from outside

MOST = 1e9  # ASSUMED: thresholds, or seconds, of anything in a layer; more is damage, and overflows what is made of it
_ARRAYS = ("weights", "bias", "tau_mem", "v_threshold", "recurrent", "tau_adapt", "adapt_a", "adapt_b")


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One population of neurons and the synapses onto it, in thresholds: at rest 0, after a spike 0.

    A presynaptic spike moves the potential by `weights[from, to]`, the bias moves it in every time step.
    An "encoder" is driven by signals: its weights are `(signal, neuron)`, a step of the potential per unit of signal.
    A "dense" layer is y = relu(x W + b); a "conv" layer convolves, its weights `(channel out, channel in / groups,
    *kernel)` and its neurons the elements of `(channel out, *grid)`, row by row. A pool takes the mean or the
    largest of a window, without padding; its weights are `(channel, 0)`, its bias `(0,)`. None of them has a state.
    """

    name: str
    kind: LayerKind
    weights: np.ndarray  # (fan_in, neuron); conv: (channel out, channel in / groups, *kernel); pool: (channel, 0)
    bias: np.ndarray  # (neuron,); conv: (channel out,); pool: (0,)
    tau_mem: np.ndarray | None = None  # (neuron,), s
    v_threshold: np.ndarray | None = None  # (neuron,)
    recurrent: np.ndarray | None = None  # (neuron, neuron), from the step before
    tau_adapt: np.ndarray | None = None  # (neuron,), s
    adapt_a: np.ndarray | None = None  # (neuron,), dw/dv
    adapt_b: np.ndarray | None = None  # (neuron,), jump of w per spike
    convolution: Convolution | None = None  # conv, pool
    relu: bool = True  # dense, conv; False for logits

    def __post_init__(self):
        self._require_fields_of_kind()
        n = self.n_neurons
        shapes = {"weights": (self.fan_in, n), "recurrent": (n, n)}
        if self.convolution is not None:
            shapes = self._shapes_on_a_grid(self.convolution)
        for name in _ARRAYS:
            value = getattr(self, name)
            if value is None:
                continue
            expected = shapes.get(name, (n,))
            if value.shape != expected:
                raise InputError(f"layer {self.name!r}: {name} has shape {value.shape}, expected {expected}")
            if not np.all(np.abs(value) <= MOST):
                wrong = value[~(np.abs(value) <= MOST)].flat[0]
                raise InputError(
                    f"layer {self.name!r}: {name} holds {wrong:g}, at most {MOST:g} is possible; train again or check "
                    "the file"
                )
        if self.tau_mem is not None and np.any(self.tau_mem <= 0):
            raise InputError(f"layer {self.name!r}: tau_mem must be positive, got {self.tau_mem.min()} s")

    def _shapes_on_a_grid(self, grid: Convolution) -> dict[str, tuple[int, ...]]:
        if self.kind in POOL_KINDS:
            if any(grid.padding):
                raise InputError(
                    f"layer {self.name!r}: a pool takes no padding, got {grid.padding}; pad the layer before"
                )
            return {"weights": (grid.shape_in[0], 0), "bias": (0,)}
        return {"weights": grid.weight_shape(len(self.weights)), "bias": (len(self.weights),)}

    def _require_fields_of_kind(self) -> None:
        """Raise InputError naming a field that the kind of layer needs and lacks, or has and cannot use."""
        if self.kind not in get_args(LayerKind):
            raise InputError(
                f"layer {self.name!r}: unknown kind {self.kind!r}; known: {', '.join(get_args(LayerKind))}"
            )
        needs = ("tau_mem", "v_threshold") if self.kind in MEMBRANE_KINDS else ()
        needs += ("convolution",) if self.kind in GRID_KINDS else ()
        useless = () if self.kind in MEMBRANE_KINDS else _ARRAYS[2:]
        useless += () if self.kind in GRID_KINDS else ("convolution",)
        for name in (*needs, *useless):
            if (getattr(self, name) is None) == (name in needs):
                verb = "needs" if name in needs else "has no use for"
                raise InputError(f"layer {self.name!r}: a layer of kind {self.kind!r} {verb} {name}")

    def at_speed(self, speed: float) -> "LayerSpec":
        """The same layer with its time constants so many times as short."""
        times = {name: getattr(self, name) for name in ("tau_mem", "tau_adapt")}
        return replace(self, **{name: time / speed for name, time in times.items() if time is not None})

    @property
    def n_neurons(self) -> int:
        if self.convolution is not None:
            return len(self.weights) * math.prod(self.convolution.grid_out)
        return self.weights.shape[1]

    @property
    def fan_in(self) -> int:
        """Inputs that the layer takes."""
        return self.weights.shape[0] if self.convolution is None else self.convolution.n_inputs

    @property
    def spiking(self) -> bool:
        return self.kind in ("encoder", "lif", "adaptive_lif")

    @property
    def crossbar(self) -> np.ndarray:
        """All synapses onto the layer, `(line, neuron)`: the rows of `weights`, then those of `recurrent`.

        An encoder's signal lines are not synapses. Raises: TypeError for a conv layer, whose weights are shared.
        """
        if self.convolution is not None:
            raise TypeError(f"layer {self.name!r} shares its weights between positions: it is no crossbar")
        own = self.weights[:0] if self.kind == "encoder" else self.weights
        return own if self.recurrent is None else np.vstack((own, self.recurrent))

    @property
    def n_synapses(self) -> int:
        """Weights that are not zero, recurrent ones included; of a conv layer at each position that meets an input."""
        if self.kind in POOL_KINDS:
            return 0
        if self.convolution is not None:
            return int(((self.weights != 0) * self.convolution.uses()).sum())
        return int(np.count_nonzero(self.crossbar))

    @property
    def n_parameters(self) -> int:
        """Weights, recurrent ones and biases that the layer stores."""
        return self.weights.size + self.bias.size + (0 if self.recurrent is None else self.recurrent.size)

    @property
    def n_macs(self) -> int:
        """Products of a weight and an input in one evaluation (of a membrane: one time step), zeros and padding too."""
        if self.convolution is not None:
            return self.weights.size * math.prod(self.convolution.grid_out)
        return self.weights.size + (0 if self.recurrent is None else self.recurrent.size)


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
            if (before.kind in VALUE_KINDS) != (after.kind in VALUE_KINDS):
                raise InputError(
                    f"layer {after.name!r} of kind {after.kind!r} cannot follow {before.name!r} of kind "
                    f"{before.kind!r}: one computes with spikes over time, the other with values at once"
                )
        for layer in self.layers[1:]:
            if layer.kind == "encoder":
                raise InputError(f"encoder {layer.name!r} must come first: signal currents drive it, not spikes")
        names = [layer.name for layer in self.layers]
        if len({EXTERNAL_INPUT, *names}) != len(names) + 1:
            raise InputError(f"layer names must differ, and none may be {EXTERNAL_INPUT!r}, got {names}")

    def at_speed(self, speed: float) -> "NetworkSpec":
        """The same network so many times as fast: steps and time constants shorter, charges the same."""
        return replace(self, dt=self.dt / speed, layers=tuple(layer.at_speed(speed) for layer in self.layers))

    def layer(self, name: str) -> LayerSpec:
        """The layer of that name. Raises KeyError, naming those that exist."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r}; there are {', '.join(layer.name for layer in self.layers)}")

    @property
    def n_external(self) -> int:
        """Channels of spikes that come from outside; none where an encoder or values come first."""
        spikes = bool(self.layers) and self.layers[0].kind not in ("encoder", *VALUE_KINDS)
        return self.layers[0].fan_in if spikes else 0

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

    @property
    def n_parameters(self) -> int:
        return sum(layer.n_parameters for layer in self.layers)

    @property
    def n_macs(self) -> int:
        """Of one inference of a conventional network; of one time step where there are membranes."""
        return sum(layer.n_macs for layer in self.layers)
