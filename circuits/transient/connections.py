"""What drives neurons beside a constant current: spikes from outside, and synapses that turn spikes into pulses.

From `delay` after the presynaptic spike on a synapse's charge flows into the body of its target, in a time course of
order 0, 1 or 2 (`circuits.neuron.synapse.time_course`).
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from circuits.errors import InputError
from circuits.neuron.synapse import DELAY, T_PULSE, Order, require_time_course
from circuits.units import Seconds, si_float


@dataclass(frozen=True, eq=False)
class SpikeInput:
    """Spikes from outside: times (s), in any order, and the channel of each; channels are 0 to n_channels - 1."""

    times: Annotated[np.ndarray, "s"]
    channels: np.ndarray
    n_channels: int

    def __post_init__(self):
        times = np.asarray(self.times, dtype=float)
        channels = _index(self.channels, self.n_channels, "SpikeInput.channels", "n_channels")
        if times.ndim != 1 or times.shape != channels.shape:
            raise InputError(f"SpikeInput has times {times.shape} and channels {channels.shape}; give one channel each")
        if not (np.isfinite(times).all() and (times >= 0).all()):
            raise InputError(f"SpikeInput.times must be finite and not negative (s), got {times.min()} at the least")
        order = np.argsort(times, kind="stable")
        object.__setattr__(self, "times", times[order])
        object.__setattr__(self, "channels", channels[order])


class Flow(NamedTuple):
    """A part of a synapse's charge, as a pulse of `time` (s) or an exponential with that time constant."""

    time: Seconds
    share: float
    decays: bool


@dataclass(frozen=True, eq=False)
class Connections:
    """Synapses, one entry each: `source[k]` drives neuron `target[k]` with `charge[k]` (C, negative inhibits).

    A source below `n_channels` is a channel of `SpikeInput`; from there on it is neuron `source - n_channels`.
    The charge flows from `delay` on: in `t_pulse` (order 0; None: `T_PULSE`), with `tau` (order 1), or with `tau` and
    `tau_rise` (order 2), as `circuits.neuron.synapse` says.
    """

    source: np.ndarray
    target: np.ndarray
    charge: Annotated[np.ndarray, "C"]
    n_channels: int = 0
    delay: Seconds = DELAY
    t_pulse: Seconds | None = None
    order: Order = 0
    tau: Seconds | None = None
    tau_rise: Seconds | None = None

    def __post_init__(self):
        source, target = (_index(getattr(self, name), None, f"Connections.{name}", "") for name in ("source", "target"))
        charge = np.asarray(self.charge, dtype=float)
        if not source.shape == target.shape == charge.shape:
            shapes = f"{source.shape}, {target.shape}, {charge.shape}"
            raise InputError(f"Connections has source, target and charge of shapes {shapes}; give one entry a synapse")
        if not np.isfinite(charge).all():
            raise InputError("Connections.charge holds NaN or infinity; leave out synapses without a charge")
        for name, value in {"source": source, "target": target, "charge": charge}.items():
            object.__setattr__(self, name, value)
        for name in ("delay", "t_pulse", "tau", "tau_rise"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, si_float(getattr(self, name), "s", f"Connections.{name}"))
        if not self.delay > 0:
            raise InputError(f"Connections.delay must be positive, got {self.delay} s: an effect follows its cause")
        if self.order == 0 and self.t_pulse is None:
            object.__setattr__(self, "t_pulse", T_PULSE)
        times = {name: getattr(self, name) for name in ("t_pulse", "tau", "tau_rise")}
        require_time_course("Connections", self.order, times)

    def require_fits(self, n_neurons: int, inputs: SpikeInput | None) -> None:
        """Raise InputError naming the first synapse that leads nowhere."""
        given = 0 if inputs is None else inputs.n_channels
        if given != self.n_channels:
            raise InputError(
                f"Connections has n_channels = {self.n_channels}, the spikes have {given}; make them equal"
            )
        limits = {"source": self.n_channels + n_neurons, "target": n_neurons}
        for name, limit in limits.items():
            _index(getattr(self, name), limit, f"Connections.{name}", "the number of sources or neurons")

    @property
    def flows(self) -> tuple[Flow, ...]:
        """The pulse, the exponential, or the two exponentials whose difference is the time course of order 2."""
        if self.order == 0:
            return (Flow(self.t_pulse, 1.0, False),)
        if self.order == 1:
            return (Flow(self.tau, 1.0, True),)
        apart = self.tau - self.tau_rise
        return Flow(self.tau, self.tau / apart, True), Flow(self.tau_rise, -self.tau_rise / apart, True)

    @property
    def recurrent(self) -> bool:
        """Whether a neuron drives a neuron; without that each neuron can be simulated alone."""
        return bool((self.source >= self.n_channels).any())


def _index(value: np.ndarray, limit: int | None, name: str, meaning: str) -> np.ndarray:
    """An array of indices from 0 up to below `limit`."""
    index = np.asarray(value)
    if index.size == 0:
        return np.zeros(index.shape, dtype=np.int64)
    if not np.issubdtype(index.dtype, np.integer):
        raise TypeError(f"{name} must hold integers, got {index.dtype}")
    if index.min() < 0 or (limit is not None and index.max() >= limit):
        raise InputError(f"{name} must lie in 0..{meaning} = {limit}, got {index.min()} to {index.max()}")
    return index.astype(np.int64)
