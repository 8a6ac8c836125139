"""A small core of transistor neurons as an ngspice deck, and its run: tunnelling devices on their membranes.

    crosspoint  a tunnelling device, body and source on the membrane of its column, its gate held at a bias: the weight
    row         the drains of a row, at 0 V, lifted to V_D for a pulse after each spike of the row's neuron or input

It is the drain that is switched, not the gate: a gate that moves by 0.8 V pushes the membrane by 40 mV, of the 65 mV
that a strong synapse brings; a drain by 4 mV.

Ideal are the supplies and biases, the inputs, and the line of a row: a timer that the rising edge of a neuron's output
starts, and the driver that lifts the drains. While a row is off the membrane biases its drain junctions forward; they
carry nothing, as in the card of the source.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.netlist.ngspice import run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.netlist.waves import channel_pulses, steps, wrapped
from circuits.network.names import spice_number as _n
from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.storage import scratch_folder, write_text
from circuits.transistor.bench import NOMINAL, OPTIONS, source_at, source_card
from circuits.transistor.cards import Cards
from circuits.transistor.schematic import NeuronCell, subcircuit, tunnelling
from circuits.units import ZERO_CELSIUS, Joules, Seconds, Volts, ns, us

EDGE: Seconds = 5 * ns  # how long the edge of an output is seen
SOFT: Seconds = 1 * ns  # rise time of a row
STEP: Seconds = 2 * ns  # longest of the solver

_LINE = """\
* the timer (1 V for each microsecond) is cleared by the rising edge of the output, and stops at {stop} V
.subckt line out act
Bnow now 0 V = 0.5+0.5*tanh((V(out)-{half})/10m)
Rlate now late 1k
Clate late 0 {edge}
Bedge edge 0 V = V(now)*(1-V(late)) > 0.25 ? 1 : 0
Btimer 0 timer I = V(edge) > 0.5 ? -5*V(timer) : (V(timer) < {stop} ? 1m : 0)
Ctimer timer 0 1n ic={stop}
Bact act 0 V = V(edge) > 0.5 ? 0 : 0.25*(1+tanh((V(timer)-{begin})/{soft}))*(1+tanh(({end}-V(timer))/{soft}))
.ends line
"""


@dataclass(frozen=True, eq=False)
class Crossbar:
    """Biases of a core, rows first the inputs, then the neurons; V."""

    gates: np.ndarray  # (row, neuron); at the onset where there is no synapse
    bias: np.ndarray  # (neuron,), gates of the neurons' own sources
    v_start: np.ndarray  # (neuron,), of the membranes
    delay: Seconds
    t_pulse: Seconds

    @property
    def n_neurons(self) -> int:
        return self.gates.shape[1]

    @property
    def n_inputs(self) -> int:
        return len(self.gates) - self.n_neurons


@dataclass(frozen=True, eq=False)
class CoreRun:
    """Spikes of a simulated core, and what its supplies delivered."""

    spikes: SpikeTrains
    membrane: Joules  # from V_D: sources and crosspoints
    switching: Joules  # from V_DD: comparators and outputs


def crossbar_deck(
    cell: NeuronCell, cards: Cards, core: Crossbar, inputs: Sequence[np.ndarray], duration: Seconds
) -> str:
    """The deck of a core at the nominal corner.

    Args:  inputs: spike times (s) of each input.
    Raises:  InputError for a gate so far below that its device would conduct at a row that is off.
    """
    lowest = float(core.gates.min())
    if lowest < -cell.device.v_onset:
        raise InputError(
            f"a gate at {lowest:.3g} V conducts with its row off; keep it above {-cell.device.v_onset:.3g} V"
        )
    half = cell.v_dd / 2
    line = _LINE.format(
        half=_n(half), edge=_n(EDGE / 1e3), soft=_n(SOFT / us), begin=_n(core.delay / us),
        end=_n((core.delay + core.t_pulse) / us), stop=_n((core.delay + core.t_pulse) / us + 1),
    )  # fmt: skip
    lines = [
        "* a core of neurons from transistors",
        f'.include "{cards.file(NOMINAL.process)}"',
        source_card(source_at(cell.device, NOMINAL), "tunnelling"),
        subcircuit(cell, "neuron", "tunnelling"),
        line,
        f".temp {NOMINAL.temperature - ZERO_CELSIUS:.6g}",
        OPTIONS,
        *(f"V{pin} {pin} 0 {_n(volts)}\n.ic v({pin})={_n(volts)}" for pin, volts in _supplies(cell).items()),
        *(text for row in range(len(core.gates)) for text in _row(cell, core, row, inputs)),
        *(text for i in range(core.n_neurons) for text in _neuron(cell, core, i)),
        *wrapped(".save", _saved(core)),
        f".tran {_n(STEP / 20)} {_n(duration)} 0 {_n(STEP)} uic",
        ".end",
    ]
    return "\n".join(text.rstrip("\n") for text in lines) + "\n"


def run_core(
    cell: NeuronCell,
    cards: Cards,
    core: Crossbar,
    inputs: Sequence[np.ndarray],
    duration: Seconds,
    timeout_s: float = 300,
) -> CoreRun:
    """Simulate a core.  Raises:  as `crossbar_deck` and `run_waves`."""
    with scratch_folder() as place:
        write_text(place / "core.cir", crossbar_deck(cell, cards, core, inputs, duration))
        _, waves = run_waves(place / "core.cir", timeout_s)
    time = waves["time"]
    edges = [rising_edges(time, waves[f"v(out_{i})"], cell.v_dd / 2) for i in range(core.n_neurons)]
    drain = -waves["i(vdrain)"] + sum(_row_current(waves, row) for row in range(len(core.gates)))
    logic = -waves["i(vvc)"] - waves["i(vvo)"]
    return CoreRun(
        spike_trains(edges, duration),
        float(cell.v_drain * np.trapezoid(drain, time)),
        float(cell.v_dd * np.trapezoid(logic, time)),
    )


def _supplies(cell: NeuronCell) -> dict[str, Volts]:
    return {"drain": cell.v_drain, "vc": cell.v_dd, "vo": cell.v_dd}


def _row(cell: NeuronCell, core: Crossbar, row: int, inputs: Sequence[np.ndarray]) -> Iterator[str]:
    """Activity of a row, 0 or 1 V, its driver with an ammeter, and its crosspoints."""
    if row < core.n_inputs:
        times = np.asarray(inputs[row], dtype=float) + core.delay
        points = steps(channel_pulses(times, core.t_pulse, 1.0), core.t_pulse)
        yield from wrapped(f"Vact_{row} act_{row} 0 PWL(", (f"{_n(t)} {_n(value)}" for t, value in points), ")")
    else:
        yield f"Xline_{row} out_{row - core.n_inputs} act_{row} line"
    yield f"Erow_{row} driver_{row} 0 act_{row} 0 {_n(cell.v_drain)}"
    yield f"Vrow_{row} driver_{row} row_{row} 0"
    for i, gate in enumerate(core.gates[row]):
        yield f"Vweight_{row}_{i} weight_{row}_{i} 0 {_n(gate)}"
        yield f".ic v(weight_{row}_{i})={_n(gate)}"
        yield tunnelling(f"syn_{row}_{i}", f"row_{row} weight_{row}_{i}", f"mem_{i}", "tunnelling", cell.source_width)


def _neuron(cell: NeuronCell, core: Crossbar, i: int) -> Iterator[str]:
    v_start = core.v_start[i]
    yield f"Vgate_{i} gate_{i} 0 {_n(core.bias[i])}"
    yield f"X{i} out_{i} mem_{i} drain gate_{i} vc vo neuron"
    inner = f"v(x{i}.cg)={_n(v_start)} v(x{i}.rd)={_n(v_start)} v(x{i}.ld)={_n(v_start)}"
    yield f".ic v(mem_{i})={_n(v_start)} v(x{i}.x)={_n(cell.v_dd)} v(out_{i})=0 v(gate_{i})={_n(core.bias[i])} {inner}"


def _saved(core: Crossbar) -> list[str]:
    rows, neurons = range(len(core.gates)), range(core.n_neurons)
    outputs = [f"v(out_{i})" for i in neurons] + [f"v(mem_{i})" for i in neurons]
    return [*outputs, *(f"{what}_{row})" for row in rows for what in ("v(act", "i(vrow")),
            "i(vdrain)", "i(vvc)", "i(vvo)"]  # fmt: skip


def _row_current(waves: Mapping[str, np.ndarray], row: int) -> np.ndarray:
    """What a row draws from V_D: while it is lifted; what it gives back goes to ground."""
    return waves[f"i(vrow_{row})"] * (waves[f"v(act_{row})"] > 0.5)
