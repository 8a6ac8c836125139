"""Calcium-gated, spike-driven learning of a readout, event by event: the published rule, and what learns better.

The published rule is local, and taught by a current:
    C <- C exp(-dt / tau_calcium) + spike            one variable a readout neuron
    on a spike of a line:  w += step with p_up   where threshold < C < threshold + margin
                           w -= step with p_down where threshold - margin < C < threshold
    teacher:  +I into the neuron of the label while C < threshold + teacher_margin,
              -I into all others             while C > threshold - teacher_margin

Learning stops by itself where a neuron fires well above or well below the threshold: a margin, kept in spikes.
`CalciumRule` defaults to another one, mode "target": the label itself chooses the gate, calcium only stops it.
Source: Zhang, Li, Jin and Choe 2015 (IEEE TNNLS 26), after Brader, Senn and Fusi 2007; tau_calcium, threshold and
margin as the group of the BTBT neuron implements it. `PUBLISHED` holds its values.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args, no_type_check

import numpy as np

from circuits.compile import exact_inline, exact_jit
from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds, freeze_si, ms, require
from snn.plasticity.grid import LevelGrid
from snn.plasticity.readout import ReadoutNeuron

Mode = Literal["calcium", "distance", "target", "greedy"]
_CALCIUM, _DISTANCE, _TARGET, _GREEDY = range(4)


@dataclass(frozen=True)
class CalciumRule:
    """Which spikes change a synapse, and the neurons and levels that it works with.

    `mode`: "calcium", as above; "distance", its probability times |C - threshold| / margin; "target", up for the
    label's neuron until C reaches threshold + margin, down for others until threshold - margin; "greedy", the same
    without calcium.   `hold`: while a clip that has just been recognised is learnt, the gates keep the calcium that
    recognising left, so all its events are judged by the answer.   `conserve`: a step of one synapse is paid by the
    opposite step of another of its neuron, drawn at random, so that what all clips have in common teaches nothing.
    The defaults are those that learnt best on validation clips of spoken digits: calcium that lasts longer than a clip
    counts its spikes, and the current `neuron.bias` makes every neuron fire near the threshold, so that evidence
    against a label slows it. The teacher is then the label at the gates alone, without a current. It asks more of a
    chip than the published rule does: each clip is presented twice, `hold` freezes calcium during the second pass,
    `conserve` moves a synapse that had no event, and calcium is reset before each clip.
    """

    mode: Mode = "target"
    tau_calcium: Seconds = 20.0
    threshold: float = 20.0  # spikes
    margin: float = 3.0  # spikes
    p_up: float = 0.3
    p_down: float = 0.3
    teacher: float = 0.0  # drive in units of the swing: where the current alone would take the membrane; 0 for none
    teacher_margin: float = 1.0  # spikes
    hold: bool = True
    conserve: bool = True
    neuron: ReadoutNeuron = field(default_factory=lambda: ReadoutNeuron(1.0, 1 * ms, -10.0, bias=53.0))
    grid: LevelGrid = field(default_factory=lambda: LevelGrid(0.16, 256))
    dt: Seconds = 1 * ms

    def __post_init__(self):
        freeze_si(self)
        require(self, "mode", self.mode in get_args(Mode), f"one of {', '.join(get_args(Mode))}")
        for name in ("tau_calcium", "dt", "margin", "threshold"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("p_up", "p_down"):
            require(self, name, 0 <= getattr(self, name) <= 1, "in 0..1")
        for name in ("teacher", "teacher_margin"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


# Source: parameters of the BTBT group's code, in units of its threshold of 20 mV: steps of 0.01 mV between -8 and 8 mV.
PUBLISHED = CalciumRule(
    mode="calcium",
    tau_calcium=64 * ms,
    threshold=10.0,
    margin=2.0,
    p_up=0.1,
    p_down=0.1,
    teacher=10_000 / 20,
    hold=False,
    conserve=False,
    neuron=ReadoutNeuron(64 * ms, 3 * ms, 0.0),
    grid=LevelGrid(8 / 20, 1601),
)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one clip did to the readout."""

    spikes: np.ndarray  # (label,)
    potential: np.ndarray  # (label,), at the end of the clip, in units of the swing
    calcium: np.ndarray  # (label,), at the end of the clip
    n_up: int  # synapses moved one level up
    n_down: int
    teacher_charge: float  # drawn from the supply, in units of the charge of a weight of 1
    drive_charge: float  # likewise, by the bias currents and the synapses that excite
    n_fetched: int  # weights read that had no event
    crowbar_time: Seconds  # of the speech, of all labels in the window below threshold


class _Constants(NamedTuple):
    """What the loop over a clip needs, all in steps, levels and units of the swing."""

    mode: int
    alpha: float
    flow: float  # dt / tau_mem: the charge of a drive of 1 in a step
    decay: float
    n_refractory: int
    v_floor: float
    v_near: float
    inhibition: float
    bias: float
    threshold: float
    margin: float
    p_up: float
    p_down: float
    teacher: float
    teacher_margin: float
    w_min: float
    step: float
    top: int
    conserve: bool


def present(
    weights: np.ndarray,
    trains: SpikeTrains,
    label: int | None,
    rule: CalciumRule,
    rng: np.random.Generator,
    calcium: np.ndarray | None = None,
) -> tuple[np.ndarray, Outcome]:
    """One clip through the readout, from rest; None for a label recognises only: no teacher, nothing changes.

    Args:  weights: `(line, label)`, moved to the grid's levels first.  calcium: `(label,)`, what recognising the clip
    left; None for none, and then none is held.
    Returns:  the weights after the clip and its `Outcome`.  Raises:  InputError where clip and weights do not fit.
    """
    index = rule.grid.index(weights)
    outcome = present_levels(index, trains, label, rule, rng, calcium)
    return rule.grid.value(index), outcome


def present_levels(
    index: np.ndarray,
    trains: SpikeTrains,
    label: int | None,
    rule: CalciumRule,
    rng: np.random.Generator,
    calcium: np.ndarray | None = None,
) -> Outcome:
    """`present` on the levels themselves, `(line, label)` integers, changed in place."""
    n_lines, n_labels = index.shape
    if trains.n_neurons != n_lines:
        raise InputError(f"the clip has {trains.n_neurons} lines, the weights {n_lines}; give one row a line")
    if label is not None and not 0 <= label < n_labels:
        raise InputError(f"label must be in 0..{n_labels - 1}, got {label}")
    steps = (trains.times / rule.dt).astype(np.int64)
    n_steps = int(np.ceil(trains.duration / rule.dt))
    spikes, v = np.zeros(n_labels, np.int64), np.zeros(n_labels)
    hold = rule.hold and calcium is not None
    calcium = np.zeros(n_labels) if calcium is None else np.array(calcium, dtype=float)
    target = -1 if label is None else int(label)
    *sums, n_near = _clip(
        steps, trains.neurons, n_steps, index, target, _constants(rule), rng, spikes, v, calcium, hold
    )
    return Outcome(spikes, v, calcium, *sums, n_near * rule.dt)


def _constants(rule: CalciumRule) -> _Constants:
    neuron, grid = rule.neuron, rule.grid
    return _Constants(
        get_args(Mode).index(rule.mode),
        float(np.exp(-rule.dt / neuron.tau_mem)),
        rule.dt / neuron.tau_mem,
        float(np.exp(-rule.dt / rule.tau_calcium)),
        round(neuron.t_refractory / rule.dt),
        neuron.v_floor,
        max(1 - neuron.window, 0.0) if neuron.window else np.inf,
        neuron.inhibition,
        neuron.bias,
        rule.threshold,
        rule.margin,
        rule.p_up,
        rule.p_down,
        rule.teacher,
        rule.teacher_margin,
        grid.w_min,
        grid.step,
        grid.n_levels - 1,
        rule.conserve,
    )


@no_type_check
@exact_jit
def _clip(steps, lines, n_steps, index, target, p, rng, spikes, v, calcium, hold):
    """Steps of dt: teacher, charge of the lines, threshold, then learning at each event; returns the counts."""
    n_labels, decay = spikes.size, 1.0 if hold else p.decay
    busy, chance = np.zeros(n_labels, np.int64), np.zeros(n_labels)
    first, n_up, n_down, n_fetched, n_near = 0, 0, 0, 0, 0
    taught, driven = 0.0, n_steps * n_labels * max(p.bias, 0.0) * p.flow
    for step in range(n_steps):
        last = first
        while last < steps.size and steps[last] <= step:
            last += 1
        for label in range(n_labels):
            teacher = _teacher(calcium[label], label == target, p) if target >= 0 else 0.0
            taught += max(teacher, 0.0) * p.flow
            v[label] = p.bias + teacher + (v[label] - p.bias - teacher) * p.alpha
        for event in range(first, last):
            for label in range(n_labels):
                weight = p.w_min + p.step * index[lines[event], label]
                v[label] += weight
                driven += max(weight, 0.0)
        for label in range(n_labels):
            calcium[label] *= decay
            v[label] = max(v[label], p.v_floor)
            n_near += busy[label] == 0 and v[label] > p.v_near
            if busy[label] > 0:
                busy[label] -= 1
                v[label] = 0.0
            elif v[label] >= 1.0:
                for other in range(n_labels if p.inhibition else 0):
                    v[other] -= p.inhibition
                v[label], busy[label] = 0.0, p.n_refractory
                spikes[label] += 1
                calcium[label] += 0.0 if hold else 1.0
        if target >= 0 and last > first:
            for label in range(n_labels):
                chance[label] = _chance(calcium[label], label == target, p)
            for event in range(first, last):
                up, down, fetched = _learn(lines[event], chance, index, p.top, p.conserve, rng)
                n_up, n_down, n_fetched = n_up + up, n_down + down, n_fetched + fetched
        first = last
    return n_up, n_down, taught, driven, n_fetched, n_near


@no_type_check
@exact_jit
def _learn(line, chance, index, top, conserve, rng):
    """Move the synapses of a line that spikes, each with its neuron's chance; returns the moves up and down.

    Third the synapses of other lines that `conserve` asked for.
    """
    n_up, n_down, n_fetched = 0, 0, 0
    for label in range(chance.size):
        size = abs(chance[label])
        if size == 0.0 or (size < 1.0 and rng.random() >= size):
            continue
        sign = 1 if chance[label] > 0 else -1
        moved = _move(index, line, label, sign, top)
        n_up, n_down = n_up + (moved > 0), n_down + (moved < 0)
        if conserve and moved:
            moved = _move(index, rng.integers(0, index.shape[0]), label, -sign, top)
            n_up, n_down, n_fetched = n_up + (moved > 0), n_down + (moved < 0), n_fetched + 1
    return n_up, n_down, n_fetched


@no_type_check
@exact_inline
def _move(index, line, label, sign, top):
    """Move a synapse one level, not beyond the grid; returns its move."""
    level = index[line, label] + sign
    if level < 0 or level > top:
        return 0
    index[line, label] = level
    return sign


@no_type_check
@exact_inline
def _teacher(calcium, is_target, p):
    """Drive of the teacher current."""
    if is_target:
        return p.teacher if calcium < p.threshold + p.teacher_margin else 0.0
    return -p.teacher if calcium > p.threshold - p.teacher_margin else 0.0


@no_type_check
@exact_inline
def _chance(calcium, is_target, p):
    """Probability that an event moves the synapse one level, with the sign of the move."""
    distance = (calcium - p.threshold) / p.margin
    if p.mode == _GREEDY:
        return p.p_up if is_target else -p.p_down
    if p.mode == _TARGET:
        return (p.p_up if distance < 1 else 0.0) if is_target else (-p.p_down if distance > -1 else 0.0)
    if not -1 < distance < 1:
        return 0.0
    sign = p.p_up if distance > 0 else -p.p_down if distance < 0 else 0.0
    return sign * abs(distance) if p.mode == _DISTANCE else sign
