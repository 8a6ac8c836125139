"""What a network did in one inference, mean over clips: what energy is charged for."""

import math
from dataclasses import dataclass, field

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import EXTERNAL_INPUT, MEMBRANE_KINDS, LayerSpec, NetworkSpec
from circuits.units import Seconds, freeze_si, require

REMEDY = "measure it again with `snn evaluate RUN`"
SHORTEST: Seconds = 1e-12  # ASSUMED: of an inference, on the fastest chip
LONGEST: Seconds = 1e6  # ASSUMED: ten days of speech
WIDEST = 10.0  # ASSUMED: thresholds, from the lowest potential to the highest
MOST = 1e12  # ASSUMED: clips, spikes of a neuron, seconds near its threshold
ROUNDING = 1e-6  # of sums over all steps


@dataclass(frozen=True, eq=False)
class Activity:
    """Mean activity of one inference of `duration`, measured over `n_clips` clips.

    `spikes[layer]` is `(neuron,)`: mean spikes per inference. `input_spikes` is `(channel,)` for networks whose first
    layer receives spikes from outside (send-on-delta, latency, rate), else empty.
    `near_threshold[layer]` is `(neuron,)`: mean time per inference (s) within `window` below the threshold, or in a
    step that spikes; where comparators draw their crowbar current.
    `encoder_charge` is `(neuron,)`: by how much signal and bias move the potential of an encoder up, sum over steps.
    """

    n_clips: int
    duration: Seconds
    spikes: dict[str, np.ndarray]
    near_threshold: dict[str, np.ndarray]
    window: float  # thresholds
    input_spikes: np.ndarray = field(default_factory=lambda: np.zeros(0))
    encoder_charge: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_clips", type(self.n_clips) is int and 1 <= self.n_clips <= MOST, f"whole, 1 to {MOST:.0e}")
        require(self, "duration", SHORTEST <= self.duration <= LONGEST, f"{SHORTEST:g} s to {LONGEST:g} s")
        require(self, "window", 0 <= self.window <= WIDEST, f"0 to {WIDEST:g} thresholds")
        for name, array in self._arrays().items():
            if array.ndim != 1 or array.dtype.kind not in "fiu":
                raise InputError(
                    f"activity: {name} must be numbers, one a neuron, got {array.dtype} {array.shape}; {REMEDY}"
                )
            wrong = ~((array >= 0) & (array <= MOST))
            if wrong.any():
                raise InputError(f"activity: {name} must be 0 to {MOST:.0e}, got {array[wrong][0]:g}; {REMEDY}")

    def _arrays(self) -> dict[str, np.ndarray]:
        """All that is counted, by what it is and of which layer."""
        found = {"input_spikes": self.input_spikes, "encoder_charge": self.encoder_charge}
        for what in ("spikes", "near_threshold"):
            found |= {f"{what} of layer {name!r}": array for name, array in getattr(self, what).items()}
        return found

    def require_fits(self, spec: NetworkSpec) -> None:
        """Raise InputError naming what does not fit, unless names and shapes are those of the network."""
        spiking = {layer.name: layer.n_neurons for layer in spec.layers if layer.spiking}
        encoders = sum(layer.n_neurons for layer in spec.layers if layer.kind == "encoder")
        found = self._arrays()
        expected = {"input_spikes": (spec.n_external,), "encoder_charge": (encoders,)}
        for what in ("spikes", "near_threshold"):
            expected |= {f"{what} of layer {name!r}": (n,) for name, n in spiking.items()}
        for key in expected | found:
            wanted, got = expected.get(key, "none"), found[key].shape if key in found else "none"
            if wanted != got:
                raise InputError(
                    f"activity does not fit {spec.name!r}: {key} has shape {got}, expected {wanted}; {REMEDY}"
                )
        self._require_possible(spec, found)

    def _require_possible(self, spec: NetworkSpec, found: dict[str, np.ndarray]) -> None:
        """Raise InputError for more than a neuron can do: a spike a time step, and all the time near its threshold."""
        steps = math.inf if spec.event_driven else self.duration / spec.dt
        for key, array in found.items():
            most = steps if "spikes" in key else self.duration if "near" in key else math.inf
            if array.max(initial=0.0) > most * (1 + ROUNDING):
                raise InputError(
                    f"activity of {spec.name!r}: {key} reaches {array.max():g}, an inference allows {most:g}; {REMEDY}"
                )

    def of(self, source: str) -> np.ndarray:
        """Mean spikes per inference of a population, or of the external input."""
        return self.input_spikes if source == EXTERNAL_INPUT else self.spikes[source]

    def presynaptic(self, spec: NetworkSpec, layer: LayerSpec) -> np.ndarray:
        """Mean spikes per inference that arrive on each line of the layer's crossbar, `(line,)`."""
        return np.array([self.of(source)[i] for source, i in spec.sources(layer)])

    def synaptic_operations(self, spec: NetworkSpec) -> float:
        """Synaptic events per inference: each spike once for every synapse that is not zero; none of value layers."""
        membranes = (layer for layer in spec.layers if layer.kind in MEMBRANE_KINDS)
        events = (self.presynaptic(spec, layer) @ np.count_nonzero(layer.crossbar, axis=1) for layer in membranes)
        return float(sum(events))

    @property
    def spikes_per_inference(self) -> float:
        """All spikes of one inference: external input and every population."""
        return float(self.input_spikes.sum() + sum(s.sum() for s in self.spikes.values()))
