"""The data sheet of a hand-over, `README.md`: files, pins, parameters, ranges, what to expect, and how to check it."""

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from circuits.netlist.cell_sheet import UNITS, USAGE
from circuits.netlist.core_lib import CORE_FILE, core_pins, pin_notes
from circuits.netlist.corners_lib import CORNERS_FILE, TYPICAL, at_section, sections
from circuits.netlist.provenance import head
from circuits.netlist.spice import ENERGY_TOLERANCE, PERIOD_TOLERANCE, subcircuit_name
from circuits.network.names import safe_text
from circuits.network.wiring import Wiring
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.silence import silence
from circuits.units import si

SHEET = "README.md"
WIDTH, HEIGHT = 61, 13  # characters of the plot
TICKS = 5  # of each axis

_HOW = """\
## In your own deck

    .include "{stem}.lib"
    X1 mem spk gate vdd 0 logic {subckt}
    Vgate gate 0 {v_gs:.4g}
    Vdrain vdd 0 {v_ds:g}
    Vlogic logic 0 {v_dd:g}
    .tran {step} {stop}
    .end

Names of subcircuits carry a hash of their text: any two hand-overs stand in one deck.

{usage}

| pin | is |
|---|---|
| mem | floating body: takes synaptic currents |
| spk | output, 0 or V_DD, high while the neuron is reset |
| gate | bias of the tunnelling device |
| vdd | drain supply, V_DS |
| vss | ground |
| logic | supply of comparator, output and reset, V_DD; the threshold follows it |

Parameters are in SI units; the default of each stands behind `params:` in the file.

| parameter | unit | is |
|---|---|---|
{parameters}

## Checks

    ngspice -b {stem}_bench.cir        pass is 1: period within {period:.0%}, energy within {energy:.0%}

`{corners}` has {n} sections; write another behind `.lib`, what this bench expects
goes with it.
"""


def data_sheet(title: str, neurons: Mapping[str, LIFCircuit], wiring: Wiring | None, content: str) -> str:
    """Markdown text of the sheet.

    Args:  neurons: the circuit of each file of a neuron, by stem.   wiring: of the core; None where there is none.
    content: hash of the network.
    """
    stem, circuit = next(iter(neurons.items()))
    parts = (
        [f"# {safe_text(title)}: hand-over", ""],
        head("", circuit, content, comment=">").splitlines()[1:],
        ["", _neurons(neurons)],
        [_usage(stem, circuit)],
        _f_i(circuit),
        _corners(circuit),
        _core(wiring) if wiring else [],
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _usage(stem: str, circuit: LIFCircuit) -> str:
    period = interval(circuit)
    return _HOW.format(
        stem=stem, subckt=subcircuit_name(circuit), v_gs=circuit.v_gs, v_ds=circuit.device.v_ds, v_dd=circuit.v_dd,
        step=f"{period / 100:.3g}", stop=f"{6 * period:.3g}", period=PERIOD_TOLERANCE, energy=ENERGY_TOLERANCE,
        usage="\n".join(f"* {line}" for line in USAGE), corners=CORNERS_FILE,
        parameters="\n".join(f"| `{name}` | {unit} | {meaning} |" for name, (unit, meaning) in UNITS.items()),
        n=len(sections(circuit.device.temperature)),
    )  # fmt: skip


def _neurons(neurons: Mapping[str, LIFCircuit]) -> str:
    lines = ["| file | subcircuit | gate | period | energy a spike | leak | threshold |", "|" + "---|" * 7]
    for stem, circuit in neurons.items():
        energy = "not modelled" if circuit.follows_body else si(spike_energy(circuit).total, "J")
        cells = (f"{stem}.lib", subcircuit_name(circuit), f"{circuit.v_gs:.4g} V", si(interval(circuit), "s"), energy,
                 si(circuit.g_leak, "S"), f"{circuit.v_threshold:.4g} V")  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _f_i(circuit: LIFCircuit) -> Iterator[str]:
    """Firing rate over the gate bias, as far as the device was fitted, as a picture of characters."""
    device = circuit.device
    biases = np.linspace(device.v_gs_min, device.v_gs_max, WIDTH)
    rates = np.array([1 / interval(circuit, float(v)) for v in biases])
    yield "## Firing rate over gate bias"
    yield ""
    yield from (f"    {line}" for line in _plot(biases, rates))
    yield ""


def _plot(biases: np.ndarray, rates: np.ndarray) -> Iterator[str]:
    """Rows of a picture, logarithmic upwards, with the rate and the bias (V) of its ticks; silence has no mark."""
    known = rates[rates > 0]
    if not known.size:
        yield "silent everywhere"
        return
    low, high = math.log10(known.min()), math.log10(known.max())
    level = np.full(rates.shape, -1)
    span = max(high - low, 1e-9)
    level[rates > 0] = np.round((np.log10(known) - low) / span * (HEIGHT - 1)).astype(int)
    for row in reversed(range(HEIGHT)):
        tick = row % ((HEIGHT - 1) // (TICKS - 1)) == 0
        label = si(10 ** (low + row / (HEIGHT - 1) * span), "Hz") if tick else ""
        marks = "".join("*" if at == row else " " for at in level).rstrip()
        yield f"{label:>9} {'+' if tick else '|'} {marks}".rstrip()
    apart = (WIDTH - 1) // (TICKS - 1)
    yield f"{'':>10}  {'+'.join(['', *['-' * (apart - 1)] * (TICKS - 1), ''])}"
    yield f"{'':>10}{''.join(f'{v:<{apart}.3g}' for v in biases[::apart]).rstrip()} V gate bias"


def _corners(circuit: LIFCircuit) -> Iterable[str]:
    yield "## Corners"
    yield ""
    yield "| corner | period | energy a spike, or why it is silent |"
    yield "|---|---|---|"
    for name in sections(circuit.device.temperature):
        there = at_section(circuit, name)
        period = interval(there)
        if math.isinf(period):
            yield f"| {name} | silent | {silence(there)} |"
        else:
            energy = "not modelled" if there.follows_body else si(spike_energy(there).total, "J")
            yield f"| {name} | {si(period, 's')} | {energy} |"
    yield ""


def _core(wiring: Wiring) -> Iterable[str]:
    yield f"## The whole network: `{CORE_FILE}`"
    yield ""
    yield f"{wiring.n_neurons} neurons, {wiring.n_synapses} synapses, {len(core_pins(wiring))} pins in this order:"
    yield ""
    yield from (f"* {note}" for note in pin_notes(wiring))
    yield ""
    yield "    ngspice -b network_bench.cir        pass is 1: spikes as expected, as far as that is sure"
    yield ""
    yield f"What it expects is of section {TYPICAL} of `{CORNERS_FILE}`, with `uic` or without; elsewhere pass says"
    yield "nothing. `snn signoff` runs the core at two corners too, beside the engine there."
    yield ""
    yield f"`snn signoff RUN --deck FOLDER` runs this very `{CORE_FILE}` under recorded speech beside the engine."
