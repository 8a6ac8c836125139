"""What leaves training for silicon: `NetworkSpec` and `Activity`, plain NumPy data without a live module."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from circuits.errors import InputError
from circuits.neuron.bias import bias_drive
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds, freeze_si, require

LayerKind = Literal["encoder", "lif", "adaptive_lif", "readout"]
BIAS_TOLERANCE = 1e-4  # single precision, through the exponential of the device
EXTERNAL_INPUT = "external input"  # what drives a first layer that is no encoder: spikes from outside

_ARRAYS = ("weights", "bias", "tau_mem", "v_threshold", "recurrent", "tau_adapt", "adapt_a", "adapt_b")
_ARRAYS += ("bias_v_gs", "bias_width")


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One population of neurons and the synapses onto it, in units of the circuit.

    A weight is a fraction of the charge q = C (V_th - V_reset): a presynaptic spike delivers `weights[from, to] q`.
    The bias is a constant input, as a fraction of q per time step: pulses, or a current of each neuron's own device.
    `v_threshold` is in units of the swing.
    An "encoder" is driven by signal currents: its weights are `(signal, neuron)`, delivered per unit of signal.
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
    bias_v_gs: np.ndarray | None = None  # (neuron,), V: a device of its own delivers each neuron's bias, no pulses
    bias_width: np.ndarray | None = None  # (neuron,), m
    bias_acceleration: float | None = None  # chip speed over real time that these devices are biased for

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
        self._require_bias_devices()

    def _require_bias_devices(self) -> None:
        """Raise ValueError unless gate bias, width and acceleration of the bias devices are all there, or none."""
        given = [getattr(self, f"bias_{name}") is not None for name in ("v_gs", "width", "acceleration")]
        if any(given) and not all(given):
            raise InputError(f"layer {self.name!r}: give bias_v_gs, bias_width and bias_acceleration together, or none")
        if not any(given):
            return
        if self.kind in ("encoder", "readout"):
            raise InputError(f"layer {self.name!r} is of kind {self.kind!r}, which has no bias devices; leave them out")
        if np.any(self.bias_width <= 0):
            raise InputError(f"layer {self.name!r}: bias_width must be positive, got {self.bias_width.min()} m")
        if not self.bias_acceleration > 0:
            raise InputError(f"layer {self.name!r}: bias_acceleration must be positive, got {self.bias_acceleration}")

    @property
    def silicon_bias(self) -> bool:
        """Whether each neuron's bias is the constant current of a tunnelling device of its own."""
        return self.bias_v_gs is not None

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

    def bias_charge(self, dt: Seconds) -> np.ndarray:
        """What the bias draws in a step, `(neuron,)`, as a fraction of q.

        Pulses draw the bias itself. A current draws I dt, of which a part leaks away within the step.
        """
        rate = dt / self.tau_mem
        return self.bias * rate / -np.expm1(-rate) if self.silicon_bias else self.bias

    @property
    def n_synapses(self) -> int:
        """Weights that are not zero, recurrent ones included."""
        return int(np.count_nonzero(self.crossbar))


@dataclass(frozen=True, eq=False)
class NetworkSpec:
    """A feed-forward chain of layers (each may be recurrent) on one circuit, advanced in steps of `dt`.

    One that is `event_driven` is in the time of its chip and has no steps: `dt` is then that of its signal's rows.
    """

    name: str
    dt: Seconds
    circuit: LIFCircuit
    layers: tuple[LayerSpec, ...]
    labels: tuple[str, ...] = ()
    input_name: str = "log-mel"
    event_driven: bool = False

    def __post_init__(self):
        freeze_si(self)
        require(self, "dt", self.dt > 0, "positive")
        for before, after in pairwise(self.layers):
            if before.n_neurons != after.fan_in:
                raise InputError(
                    f"layer {after.name!r} takes {after.fan_in} inputs, {before.name!r} has {before.n_neurons} neurons"
                )
        for layer in self.layers[1:]:
            if layer.kind == "encoder":
                raise InputError(f"encoder {layer.name!r} must come first: signal currents drive it, not spikes")
        for layer in self.layers:
            if layer.silicon_bias:
                self._require_bias_agrees(layer)
        names = [layer.name for layer in self.layers]
        if len({EXTERNAL_INPUT, *names}) != len(names) + 1:
            raise InputError(f"layer names must differ, and none may be {EXTERNAL_INPUT!r}, got {names}")

    def _require_bias_agrees(self, layer: LayerSpec) -> None:
        """Raise ValueError unless the bias is what its devices leave on the membrane in a step."""
        devices = layer.bias_v_gs, layer.bias_width, layer.tau_mem, self.circuit, layer.bias_acceleration
        expected = -np.expm1(-self.dt / layer.tau_mem) * bias_drive(*devices)
        wrong = ~np.isclose(layer.bias, expected, rtol=BIAS_TOLERANCE, atol=0)
        if wrong.any():
            j = int(np.argmax(wrong))
            raise InputError(
                f"layer {layer.name!r}: the device of neuron {j}, {layer.bias_v_gs[j]:g} V, {layer.bias_width[j]:g} m, "
                f"gives a bias of {expected[j]:g}, the layer has {layer.bias[j]:g}; export it again"
            )

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


@dataclass(frozen=True, eq=False)
class Activity:
    """Mean activity of one inference, measured over `n_clips` clips of `n_steps` steps each.

    `spikes[layer]` is `(neuron,)`: mean spikes per inference. `input_spikes` is `(channel,)` for networks whose first
    layer receives spikes from outside (send-on-delta, latency, rate), else empty.
    `near_threshold[layer]` is `(neuron,)`: mean steps per inference that end in the crowbar window or in a spike.
    `encoder_charge` is `(neuron,)`: the positive charge that signal and bias currents deliver to an encoder, sum over
    steps of max(charge, 0) / q.
    """

    n_clips: int
    n_steps: int
    spikes: dict[str, np.ndarray]
    near_threshold: dict[str, np.ndarray]
    input_spikes: np.ndarray = field(default_factory=lambda: np.zeros(0))
    encoder_charge: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def require_fits(self, spec: NetworkSpec) -> None:
        """Raise ValueError naming what does not fit, unless names and shapes are those of the network."""
        spiking = {layer.name: layer.n_neurons for layer in spec.layers if layer.spiking}
        encoders = sum(layer.n_neurons for layer in spec.layers if layer.kind == "encoder")
        found = {("input_spikes", ""): self.input_spikes, ("encoder_charge", ""): self.encoder_charge}
        expected = {("input_spikes", ""): (spec.n_external,), ("encoder_charge", ""): (encoders,)}
        for what in ("spikes", "near_threshold"):
            found |= {(what, f" of layer {name!r}"): array for name, array in getattr(self, what).items()}
            expected |= {(what, f" of layer {name!r}"): (n,) for name, n in spiking.items()}
        for key in expected | found:
            wanted, got = expected.get(key, "none"), found[key].shape if key in found else "none"
            if wanted != got:
                raise InputError(
                    f"activity does not fit {spec.name!r}: {''.join(key)} has shape {got}, expected {wanted}; "
                    "measure it again with `snn evaluate RUN`"
                )

    def of(self, source: str) -> np.ndarray:
        """Mean spikes per inference of a population, or of the external input."""
        return self.input_spikes if source == EXTERNAL_INPUT else self.spikes[source]

    def presynaptic(self, spec: NetworkSpec, layer: LayerSpec) -> np.ndarray:
        """Mean spikes per inference that arrive on each line of the layer's crossbar, `(line,)`."""
        return np.array([self.of(source)[i] for source, i in spec.sources(layer)])

    def synaptic_operations(self, spec: NetworkSpec) -> float:
        """Synaptic events per inference: each spike counts once for every synapse that is not zero."""
        return sum(
            float(self.presynaptic(spec, layer) @ np.count_nonzero(layer.crossbar, axis=1)) for layer in spec.layers
        )

    @property
    def spikes_per_inference(self) -> float:
        """All spikes of one inference: external input and every population."""
        return float(self.input_spikes.sum() + sum(s.sum() for s in self.spikes.values()))
