"""What drives a network while it is simulated: spikes from outside, or the signals of an encoder."""

from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import NetworkSpec
from circuits.units import Seconds, freeze_si, require


@dataclass(frozen=True, eq=False)
class Stimulus:
    """Input of a network for `duration`: spike times per external channel, or signal values per time step.

    spikes:  one array of times (s) per channel, ascending; () where nothing comes from outside.
    signal:  `(step, signal)`, each row held for one `dt` of the network, the last one until the end; None: all 1.
    """

    duration: Seconds
    spikes: tuple[np.ndarray, ...] = ()
    signal: np.ndarray | None = None

    def __post_init__(self):
        freeze_si(self)
        require(self, "duration", self.duration > 0, "positive")
        for channel, times in enumerate(self.spikes):
            times = np.asarray(times, dtype=float)
            if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(times < 0) or np.any(np.diff(times) <= 0):
                raise InputError(f"spikes of channel {channel} must be times (s) from 0 on, each after the one before")
        if self.signal is not None and (self.signal.ndim != 2 or not np.all(np.isfinite(self.signal))):
            raise InputError(f"signal must be a finite (step, signal) array, got shape {self.signal.shape}")

    def require_fits(self, net: NetworkSpec) -> None:
        """Raise InputError naming what does not fit, unless channels and signals are those of the network."""
        if self.spikes and len(self.spikes) != net.n_external:
            raise InputError(f"{len(self.spikes)} spike trains, but {net.name!r} has {net.n_external} channels")
        if self.signal is not None and self.signal.shape[1] != n_signals(net):
            raise InputError(f"{self.signal.shape[1]} signals, but {net.name!r} takes {n_signals(net)}")


def n_signals(net: NetworkSpec) -> int:
    """Signal lines of the encoder; none where the first layer is driven by spikes."""
    return net.layers[0].fan_in if net.layers and net.layers[0].kind == "encoder" else 0
