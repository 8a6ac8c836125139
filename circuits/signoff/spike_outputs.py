"""The spike outputs of a run: pulses from rail to rail, each as long as the refractory time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuits.network.spikes import SpikeTrains
from circuits.network.wiring import Wiring


@dataclass(frozen=True)
class Outputs:
    """How far the worst output is off, as a part: of V_DD its levels, of its pulses' area what it holds besides."""

    level_error: float
    pulse_error: float


def outputs(wiring: Wiring, waves: Mapping[str, np.ndarray], spikes: SpikeTrains) -> Outputs:
    """Highest and lowest potential of every output that spikes, and its integral over that of as many pulses.

    A pulse that the end cuts counts by the part that is left of it.
    """
    circuit, time = wiring.circuit, waves["time"]
    levels, pulses = [0.0], [0.0]
    for i, name in enumerate(wiring.names):
        wave, train = waves[f"v(spk_{name})"] / circuit.v_dd, spikes.train(i)
        if train.size:
            whole = np.clip((spikes.duration - train) / circuit.t_refractory, 0, 1).sum()
            levels += [abs(wave.max() - 1), abs(wave.min())]
            pulses.append(abs(np.trapezoid(wave, time) / circuit.t_refractory - whole) / max(whole, 1.0))
    return Outputs(float(max(levels)), float(max(pulses)))
