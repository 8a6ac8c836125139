"""Clock cycles that Xylo, a digital core which visits its neurons one by one, needs for one step of its network.

For whoever asks whether a network of theirs keeps up with its signal there, and at which clock: no chip of ours counts
its cycles so.

    cycles = N_in (1 + 3.5 p_in N_hid) + N_hid (3 + 7 p_hid F) + N_hid p_hid (1 + 8 N_out)
             + N_hid (19 + 3 p_hid) + 12 N_out

p: share of channels or neurons that spike in a step, F: mean recurrent fan-out. Source: the model of cycles of
XyloAudio 2 in Rockpool (SynSense), for networks without aliased neurons; written anew from its constants.
"""

import math
from dataclasses import dataclass, fields

from circuits.errors import InputError
from circuits.units import Hertz, Seconds, require


@dataclass(frozen=True)
class XyloNetwork:
    """Sizes of a network, its mean recurrent fan-out, and how much of it spikes in a step; by default all."""

    n_in: int
    n_hidden: int
    n_out: int
    fan_out: float = 0.0
    input_share: float = 1.0
    hidden_share: float = 1.0

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            most = 1.0 if field.name.endswith("share") else math.inf
            require(self, field.name, 0 <= value <= most and value < math.inf, f"0 to {most:g}, and finite")


def step_cycles(net: XyloNetwork) -> float:
    """Cycles of one step: input synapses, recurrent ones, those of the output, then both kinds of neurons."""
    inputs = net.n_in * (1 + 3.5 * net.input_share * net.n_hidden)
    recurrent = net.n_hidden * (3 + 7 * net.hidden_share * net.fan_out)
    readout = net.n_hidden * net.hidden_share * (1 + 8 * net.n_out)
    neurons = net.n_hidden * (19 + 3 * net.hidden_share) + 12 * net.n_out
    return inputs + recurrent + readout + neurons


def least_clock(net: XyloNetwork, dt: Seconds, margin: float = 0.2) -> Hertz:
    """The clock at which a step is done within `dt` (s), and a share `margin` to spare.

    Raises: InputError for a time that is not positive, or a negative margin.
    """
    if not (0 < dt < math.inf and 0 <= margin < math.inf):
        raise InputError(f"a step must be positive and a margin zero or more, got {dt} s and {margin}")
    return step_cycles(net) * (1 + margin) / dt
