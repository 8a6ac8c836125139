"""Why a neuron does not spike: where its nodes rest, and which branch takes the current that should have fired it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuits.transistor.bench import Waves
from circuits.transistor.schematic import NeuronCell
from circuits.units import Amperes, Volts, si
from circuits.variation.corners import Corner

RESTING = 0.05  # of the swing: a node that moves less in the last fifth of a simulation stays


@dataclass(frozen=True)
class Held:
    """The branch to blame, where the nodes are at the end (V), and what flows out of the membrane there (A)."""

    branch: str  # reset, leak, comparator, feedback, source or pulse
    node_v: Mapping[str, Volts]
    from_membrane_a: Mapping[str, Amperes]
    text: str


def held_by(cell: NeuronCell, corner: Corner, current: Amperes, waves: Waves, swing: Volts) -> Held:
    """What holds a neuron whose output swings too little, or not at all."""
    late = waves.time >= 0.8 * waves.time[-1]
    node = {name: _mean(waves.time, wave, late) for name, wave in waves.node.items()}
    leaving = {name: _mean(waves.time, waves.into[name], late) for name in ("reset", "leak", "comparator")}
    moving = np.ptp(waves.node["mem"][late]) > RESTING * cell.v_dd * corner.supply
    branch, why = (_too_little if moving else _at_rest)(cell, corner, current, node, leaving, swing)
    places = ", ".join(f"{name} {volts:.3g} V" for name, volts in node.items())
    flows = ", ".join(f"{name} {si(amperes, 'A')}" for name, amperes in leaving.items())
    text = f"{branch}: {why} (mean {places}; of {si(current, 'A')} in, out of the membrane through {flows})"
    return Held(branch, node, leaving, text)


def _too_little(cell, corner, current, node, leaving, swing) -> tuple[str, str]:
    """It oscillates, but not from rail to rail."""
    part = f"the output swings only {swing:.3g} V of {cell.v_dd * corner.supply:.3g} V"
    if swing < 0.5 * cell.v_dd * corner.supply and cell.reset is None:
        return "reset", f"{part}, and nothing discharges the membrane"
    return "feedback", f"{part}: the reset wins over {si(cell.c_feedback, 'F')} of feedback"


def _at_rest(cell, corner, current, node, leaving, swing) -> tuple[str, str]:
    """Nothing moves: the balance of the membrane tells why."""
    v_dd = cell.v_dd * corner.supply
    if node["out"] > 0.9 * v_dd:
        gone = "there is no reset" if cell.reset is None else "the reset is too weak"
        return "reset", f"{gone}: the output stays high and the membrane goes on to {node['mem']:.3g} V"
    if node["out"] > 0.1 * v_dd:
        return "feedback", "the loop of output and reset rests in the middle instead of firing"
    most = max(leaving, key=leaving.get)
    if leaving[most] > 0.4 * current:
        what = "leak of its gates" if most == "comparator" else "off-current of its transistor"
        return most, f"the {what} takes what comes in"
    if node["x"] < 0.5 * v_dd:
        return "pulse", "the comparator has switched and the output does not follow"
    return "source", "less comes in than the simulation has time to gather"


def _mean(time: np.ndarray, wave: np.ndarray, where: np.ndarray) -> float:
    return float(np.trapezoid(wave[where], time[where]) / np.ptp(time[where]))
