"""The bench of a neuron: itself, a twin whose membrane is held at 0 V, supplies with an ammeter each, at one corner."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from circuits.device.btbt import BTBTDevice, arrhenius, btbt_current
from circuits.netlist.ngspice import run_waves
from circuits.storage import scratch_folder, write_text
from circuits.transistor.cards import Cards
from circuits.transistor.schematic import AMMETERS, NeuronCell, ammeters, subcircuit
from circuits.units import ZERO_CELSIUS, Amperes, Seconds, Volts, nm
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS, Corner

NOMINAL = next(c for c in CORNERS if (c.process, c.supply, c.temperature) == ("TT", 1.0, 27 + ZERO_CELSIUS))
OXIDE = 1 * nm  # of the tunnelling device. Source: Chavan 2020; the law holds A = AGIDL / (3 TOX), whatever it is
# Below the simulator's defaults, whose 1e-12 S over each junction would carry more than the input does: against
# tolerances ten times closer, Gear's method and four times as many points the rate is off by 0.02 %, energy by 0.2 %,
# the width of the pulse by 1.5 %.
OPTIONS = ".options gmin=1e-17 abstol=1e-15 chgtol=1e-19 reltol=1e-4 vntol=1e-6 method=trap trtol=1"
POINTS = 400  # least number of time steps of a simulation


def source_at(device: BTBTDevice, corner: Corner, shift: Volts = 0.0) -> BTBTDevice:
    """The tunnelling device at a corner: onset shifted by the process (ASSUMED), current by Arrhenius.

    Args:  shift: what mismatch adds to the onset (V), as it adds to the threshold of a transistor.
    """
    shift = PROCESS_SHIFTS[corner.process].tunnel - shift
    return arrhenius(replace(device, v_onset=device.v_onset - shift), corner.temperature)


def source_card(device: BTBTDevice, name: str, warmth: str = "1") -> str:
    """A B4SOI card whose GIDL current is the device's law, A = AGIDL / (3 TOX), B = 3 TOX BGIDL, V_0 = EGIDL.

    CGIDL is next to nothing: the law has no body factor. The model gives GIDL no temperature dependence of its own
    (ngspice 39), so A must be that of the temperature, or have its factor as an expression, `warmth`. Junctions of
    source and body carry nothing: they are one node. The gate's own leakage is left out, as it is in the device's
    curves.
    """
    return "\n".join((
        f".model {name} nmos level=10 version=4.4 soimod=0 tox={OXIDE:g} tsi=50n tbox=150n xj=50n nch=3e18 vth0=0.45",
        f"+ agidl={{{3 * OXIDE * device.prefactor:.12g}*{warmth}}} bgidl={device.v_slope / (3 * OXIDE):.12g} "
        f"egidl={device.v_onset:.12g} cgidl=1e-12 agisl=0",
        "+ k1=0.4 k2=0 u0=400 nfactor=1.2 tnom=27 igcmod=0 igbmod=0 rgatemod=0 shmod=0 alpha0=0 rbody=0 rbsh=0",
        "+ lint=0 wint=0 capmod=2 cgso=1.1e-10 cgdo=1.1e-10 cgeo=0",
        "+ isdif=0 isbjt=0 isrec=0 istun=0 iddif=0 idbjt=0 idrec=0 idtun=0",
    ))  # fmt: skip


@dataclass(frozen=True)
class Waves:
    """What a simulation of a neuron left: `time` (s), voltages of its nodes and currents into its branches, and of
    of its twin with the membrane at 0 V, each `(point,)`."""

    time: np.ndarray
    node: Mapping[str, np.ndarray]  # mem, x, out
    into: Mapping[str, np.ndarray]  # drain, vc, vo from the supplies; others by `AMMETERS`
    rest_into: Mapping[str, np.ndarray]  # drain, vc, vo


def bench(
    cell: NeuronCell,
    cards: Cards,
    corner: Corner,
    window: Seconds,
    *,
    driven: bool = True,
    shifts: Mapping[str, Volts] | None = None,
) -> str:
    """The deck of a neuron at a corner for so long (s), from a membrane at 0 V.

    Args:  driven: False for a bias at which no input flows. shifts: by name of a transistor or "source", see
    `subcircuit` and `source_at`.
    """
    v_dd, v_drain = cell.v_dd * corner.supply, cell.v_drain * corner.supply
    off = cell.v_off if cell.pmos_source is None else v_drain
    lines = [
        "* a neuron from transistors, and its twin at rest",
        f'.include "{cards.file(corner.process)}"',
        *_source_and_cell(cell, corner, shifts),
        f".temp {corner.temperature - ZERO_CELSIUS:.6g}",
        OPTIONS,
    ]
    for one, gate in (("n", gate_at(cell, corner) if driven else off), ("r", off)):
        lines += [f"V{pin}_{one} {pin}_{one} 0 {volts:.9g}" for pin, volts in
                  (("drain", v_drain), ("gate", gate), ("vc", v_dd), ("vo", v_dd))]  # fmt: skip
        lines += [
            f"X{one} out_{one} mem_{one} drain_{one} gate_{one} vc_{one} vo_{one} neuron",
            f".ic v(mem_{one})=0 v(x{one}.x)={v_dd:.9g} v(out_{one})=0",
        ]
    lines.append("Vhold mem_r 0 0")
    return "\n".join((*lines, f".save {' '.join(_saved(cell))}", _tran(window), ".end\n"))


def _source_and_cell(cell: NeuronCell, corner: Corner, shifts: Mapping[str, Volts] | None) -> tuple[str, str]:
    """The card of the source, and the subcircuit; the shift of a tunnelling source stands in its card."""
    shifts = dict(shifts or {})
    onset = shifts.pop("source", 0.0) if cell.pmos_source is None else 0.0
    card = source_card(source_at(cell.device, corner, onset), "tunnelling")
    return card, subcircuit(cell, "neuron", "tunnelling", shifts)


def gate_at(cell: NeuronCell, corner: Corner) -> Volts:
    """Gate bias at a corner: as it is, or moved with the supply of the source."""
    return cell.v_gate + cell.gate_follows * cell.v_drain * (corner.supply - 1)


def _tran(window: Seconds) -> str:
    """A first step that is too long for a membrane just let go would not converge; the first number sets it."""
    return f".tran {window / 1e6:.6g} {window:.6g} 0 {window / POINTS:.6g} uic"


def _saved(cell: NeuronCell) -> tuple[str, ...]:
    """Names of the vectors, as ngspice writes them."""
    inner = tuple(f"i(v.xn.v{name})" for name in ammeters(cell))
    supplies = tuple(f"i(v{pin}_{one})" for one in "nr" for pin in ("drain", "vc", "vo"))
    return ("v(mem_n)", "v(xn.x)", "v(out_n)", *supplies, *inner)


def simulate(
    cell: NeuronCell,
    cards: Cards,
    corner: Corner = NOMINAL,
    window: Seconds = 20e-6,
    *,
    driven: bool = True,
    shifts: Mapping[str, Volts] | None = None,
    timeout_s: float = 120,
) -> Waves:
    """Run the bench in ngspice.  Raises:  as `run_waves`."""
    with scratch_folder() as place:
        write_text(place / "neuron.cir", bench(cell, cards, corner, window, driven=driven, shifts=shifts))
        _, waves = run_waves(place / "neuron.cir", timeout_s)
    zero = np.zeros_like(waves["time"])
    inner = {name: waves.get(f"i(v.xn.v{name})", zero) for name in AMMETERS}
    fed = {one: {pin: -waves[f"i(v{pin}_{one})"] for pin in ("drain", "vc", "vo")} for one in "nr"}
    nodes = {"mem": waves["v(mem_n)"], "x": waves["v(xn.x)"], "out": waves["v(out_n)"]}
    return Waves(waves["time"], nodes, fed["n"] | inner, fed["r"])


def source_current(
    cell: NeuronCell, cards: Cards, corner: Corner, shifts: Mapping[str, Volts] | None = None
) -> Amperes:
    """Input current at a corner (A): tunnelling in closed form, a pMOS simulated.  Raises:  as `run_waves`."""
    shift = (shifts or {}).get("source", 0.0)
    if cell.pmos_source is not None:
        gates, currents = pmos_curve(cell, cards, corner, shift)
        return float(np.exp(np.interp(gate_at(cell, corner), gates, np.log(currents))))
    v_dg = cell.v_drain * corner.supply - gate_at(cell, corner)
    return float(btbt_current(v_dg, source_at(cell.device, corner, shift), cell.source_width))


def pmos_curve(cell: NeuronCell, cards: Cards, corner: Corner, shift: Volts = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Gate voltages from 0 to the supply (V), and what a pMOS source gives to a membrane at a quarter of it (A)."""
    v_dd = cell.v_dd * corner.supply
    deck = (
        f'* source\n.include "{cards.file(corner.process)}"\n{OPTIONS}\n.temp {corner.temperature - ZERO_CELSIUS:.6g}\n'
        f"vs s 0 {v_dd:.9g}\nvg g 0 0\nvm m 0 {v_dd / 4:.9g}\n"
        f"m1 m g s s {cell.pmos} {cell.pmos_source.words} delvto={shift:.6g}\n"
        f".dc vg 0 {v_dd:.9g} {v_dd / 100:.9g}\n.save v(g) i(vm)\n.end\n"
    )
    with scratch_folder() as place:
        write_text(place / "source.cir", deck)
        _, waves = run_waves(place / "source.cir")
    return waves["v(g)"], np.maximum(waves["i(vm)"], 1e-18)
