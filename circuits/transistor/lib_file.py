"""The neuron from transistors as it is handed over: `neuron_transistor.lib`, its options, and benches that check it.

The library has a section for each process of the cards; each defines the same subcircuit, with its cards inside, so
that no name meets another's. Where the licence of the cards is not known to allow copies, it includes them instead.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from circuits.errors import WorkError
from circuits.netlist.cell import HEAT, METER, supply
from circuits.netlist.handover import Bench, Handover
from circuits.netlist.provenance import HASH_DIGITS, tool
from circuits.network.names import safe_text
from circuits.network.names import spice_number as _n
from circuits.storage import read_regular
from circuits.transistor.bench import NOMINAL, OPTIONS, POINTS, source_at, source_card
from circuits.transistor.cards import FILES, MOST_BYTES, Cards
from circuits.transistor.measure import NeuronFigures, measure
from circuits.transistor.schematic import PINS, NeuronCell, subcircuit
from circuits.units import ZERO_CELSIUS, si
from circuits.variation.corners import CORNERS, Corner

LIBRARY, OPTIONS_FILE = "neuron_transistor.lib", "neuron_transistor_options.lib"
FREE = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"}  # licences that allow a copy with their notice
PERIOD_TOLERANCE, ENERGY_TOLERANCE = 0.01, 0.03  # of what was measured when the file was written
BRANCHES = {"membrane": ("membrane",), "comparator": ("comparator",), "output": ("pulse", "reset"), "leak": ("leak",)}
INTERVALS = 4  # measured after the second spike

_HEAD = """\
* include "{options}" in your deck first: without it this neuron is simulated wrongly
* neuron from transistors {name}; written by {tool}; simulated, no layout, not foundry-qualified
* one section for each process: .lib "{library}" TT    (or {others})
* X1 out mem drain gate vc vo {name}
* pins: out output, 0 or V_DD; mem membrane, takes synaptic currents; drain supply of the source, {v_drain} V
* pins: gate bias of the source, {v_gate} V for {current}; vc, vo supplies of comparator and output, {v_dd} V; ground 0
* temperature: that of the simulator (.temp); range: -40 to 125 C, supplies within 10 %, as simulated
* parameters: t0 temperature of the card of the source (K), eatun its activation energy (eV)
* ideal: supplies, bias, and the capacitors of feedback and wires; sources of 0 V are ammeters
* tunnelling device {device}: {source}
* cards: {cards}
"""
_SECTION = """\
.lib {process}
{outside}.subckt {name} {pins} params: t0={t0} eatun={eatun}
{heat}{cards}{source}
{body}
.ends
.endl {process}
"""
_BENCH = """\
* bench of {name}, {process}: itself, and a twin whose membrane is held at 0 V
* expects what {tool} measured: period {period_text}, energy of a spike {energy_text}
.include "{options}"
.lib "{library}" {process}
.temp {celsius}
{supplies}Vgate gate 0 {v_gate}
Voff off 0 {v_off}
X1 spk mem drain gate vc vo {name}
X2 spk_rest mem_rest drain_rest off vc_rest vo_rest {name}
Vhold mem_rest 0 0
.ic v(mem)=0 v(x1.x)={v_dd} v(spk)=0 v(x2.x)={v_dd} v(spk_rest)=0
.tran {first} {stop} 0 {step} uic
.save v(mem) v(spk) {meters}
.meas tran span trig v(spk) val={half} rise=2 targ v(spk) val={half} rise={last}
.meas tran period param='span/{intervals}'
.meas tran low min v(spk) from={begin} to={stop}
.meas tran high max v(spk) from={begin} to={stop}
.meas tran swing param='high-low'
{charges}
{energies}
.meas tran period_error param='period/{period}-1'
{errors}
.meas tran pass param='abs(period_error) < {period_tolerance} && swing > {swing} {all_within} ? 1 : 0'
.end
"""


def transistor_handover(cell: NeuronCell, cards: Cards) -> Handover:
    """The library of a neuron, its options, and a bench for each process with figures measured now.

    Raises:  as `measure`; WorkError, with the branch that holds it, where the neuron does not spike at a process.
    """
    measured = {corner.process: measure(cell, cards, corner) for corner in _nominal_corners()}
    for process, figures in measured.items():
        if not figures.spikes:
            raise WorkError(f"no hand-over: the neuron does not spike at {process}; {figures.held.text}")
    name = subcircuit_name(cell, cards)
    texts = {
        LIBRARY: library(cell, cards),
        OPTIONS_FILE: f"* options that the neuron from transistors needs\n{OPTIONS}\n",
    }
    benches = []
    for process, figures in measured.items():
        file = f"neuron_transistor_{process.lower()}_bench.cir"
        texts[file] = _bench(cell, name, figures)
        benches.append(Bench(file, figures.v_dd, period=1 / figures.rate))
    note = (
        "the neuron alone: weights of the run belong to its behavioural circuit; snn neuron --level transistor "
        "--network signs off a small network"
    )
    return Handover(texts, tuple(benches), (note,))


def subcircuit_name(cell: NeuronCell, cards: Cards) -> str:
    """Name of the subcircuit, with a hash of the cell and the text of its cards."""
    digest = hashlib.sha256(json.dumps(asdict(cell), sort_keys=True).encode())
    for process in FILES:
        digest.update(_text(cards, process).encode())
    return f"btbt_transistor_{digest.hexdigest()[:HASH_DIGITS]}"


def library(cell: NeuronCell, cards: Cards) -> str:
    """Text of the library, a section for each process.  Raises: InputError for a card that is missing."""
    cards.require_models(cell.nmos, cell.pmos)
    name = subcircuit_name(cell, cards)
    licence, first = licence_of(cards), next(iter(FILES))
    told = (
        f"SPDX-License-Identifier: {licence}; copied without comments from {cards.name}"
        if licence
        else f"those of {cards.name}, included"
    )
    head = _HEAD.format(
        options=OPTIONS_FILE, library=LIBRARY, name=name, tool=tool(), others=", ".join(p for p in FILES if p != first),
        v_drain=_n(cell.v_drain), v_gate=_n(cell.v_gate), v_dd=_n(cell.v_dd), current=si(cell.input_current, "A"),
        device=safe_text(cell.device.name), source=safe_text(cell.device.source), cards=safe_text(told),
    )  # fmt: skip
    sections = (_section(cell, cards, corner, name, copied=licence is not None) for corner in _nominal_corners())
    return head + "".join(sections)


def licence_of(cards: Cards) -> str | None:
    """The licence that every file of the cards names, where it is one that allows a copy; else None."""
    named = {found[1] if (found := re.search(r"SPDX-License-Identifier:\s*(\S+)", _text(cards, process))) else None
             for process in FILES}  # fmt: skip
    return named.pop() if len(named) == 1 and named <= FREE else None


def _section(cell: NeuronCell, cards: Cards, corner: Corner, name: str, *, copied: bool) -> str:
    device, text = source_at(cell.device, corner), _text(cards, corner.process)
    body = subcircuit(cell, name, "tunnelling").splitlines()[1:-1]
    inside = "".join(_card(text, model) for model in dict.fromkeys((cell.nmos, cell.pmos))) if copied else ""
    return _SECTION.format(
        process=corner.process, name=name, pins=" ".join(PINS), t0=_n(device.temperature),
        eatun=_n(device.activation_ev), heat=HEAT, cards=inside, body="\n".join(body),
        outside="" if copied else f'.include "{cards.file(corner.process)}"\n',
        source=source_card(device, "tunnelling", "exp(eatun*heat)"),
    )  # fmt: skip


def _card(text: str, model: str) -> str:
    """One `.model` with its continuation lines, without comments."""
    found = re.search(rf"^\s*\.model\s+{re.escape(model)}\s.*?(?=^\s*\.|\Z)", text, re.I | re.M | re.S)
    lines = (line.strip() for line in found[0].splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("*"))


def _text(cards: Cards, process: str) -> str:
    return read_regular(cards.file(process), MOST_BYTES).decode("utf-8", errors="replace")


def _nominal_corners() -> tuple[Corner, ...]:
    at = (NOMINAL.supply, NOMINAL.temperature)
    return tuple(corner for corner in CORNERS if (corner.supply, corner.temperature) == at and corner.process in FILES)


def _bench(cell: NeuronCell, name: str, figures: NeuronFigures) -> str:
    volts = {"drain": cell.v_drain, "vc": figures.v_dd, "vo": figures.v_dd}
    period, stop = 1 / figures.rate, (INTERVALS + 3) / figures.rate
    expected = {branch: sum(figures.energy[part] for part in parts) for branch, parts in BRANCHES.items()}
    return _BENCH.format(
        name=name, process=figures.corner.process, tool=tool(), options=OPTIONS_FILE, library=LIBRARY,
        period_text=si(period, "s"), energy_text=si(figures.energy.total, "J"),
        celsius=_n(figures.corner.temperature - ZERO_CELSIUS), v_gate=_n(cell.v_gate), v_off=_n(cell.v_off),
        supplies="".join(supply(f"{pin}{twin}", f"{pin}{twin}", volts[pin]) for pin in volts for twin in ("", "_rest")),
        meters=" ".join(f"v(q_{pin}{twin})" for pin in volts for twin in ("", "_rest")),
        v_dd=_n(figures.v_dd), half=_n(figures.v_dd / 2), last=2 + INTERVALS, intervals=INTERVALS, period=_n(period),
        first=_n(stop / 1e6), stop=_n(stop), step=_n(stop / POINTS), begin=_n(1.5 * period),
        charges="\n".join(_charges(volts)), energies="\n".join(_energies(volts)),
        errors="\n".join(f".meas tran {one}_error param='{one}_j/{_n(joules)}-1'" for one, joules in expected.items()),
        swing=_n(0.9 * figures.v_dd), period_tolerance=_n(PERIOD_TOLERANCE),
        all_within=" ".join(f"&& abs({branch}_error) < {_n(ENERGY_TOLERANCE)}" for branch in expected),
    )  # fmt: skip


def _charges(volts: Mapping[str, float]) -> Iterator[str]:
    """Energy of each supply between two spikes, of the neuron and of its twin at rest."""
    at = f"when v(spk)={_n(volts['vo'] / 2)} rise="
    for meter in (f"{pin}{twin}" for pin in volts for twin in ("", "_rest")):
        joules = _n(volts[meter.removesuffix("_rest")] * METER / INTERVALS)
        yield f".meas tran {meter}_before find v(q_{meter}) {at}2"
        yield f".meas tran {meter}_after find v(q_{meter}) {at}{2 + INTERVALS}"
        yield f".meas tran {meter}_j param='({meter}_after-{meter}_before)*{joules}'"


def _energies(volts: Mapping[str, float]) -> Iterator[str]:
    """What a branch costs beyond what its supply gives to a twin at rest, and that."""
    for pin, branch in zip(volts, ("membrane", "comparator", "output"), strict=True):
        yield f".meas tran {branch}_j param='{pin}_j-{pin}_rest_j'"
    yield f".meas tran leak_j param='{'+'.join(f'{pin}_rest_j' for pin in volts)}'"
