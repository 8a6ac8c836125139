"""The neuron's schematic: sizes of its transistors, and the subcircuit that they make.

    source      B4SOI device, drain at its own supply, body and source on the membrane: a tunnelling current source
    comparator  inverter of the membrane            output   inverter of the comparator
    feedback    capacitor from output to membrane: the spike lifts its own cause, so it goes from rail to rail
    reset       transistor from membrane to ground, its gate on the output
    leak        transistor from membrane to ground, its gate on ground too: without input the membrane stays low, where
                the comparator draws least, though gates leak onto it

That is the axon-hillock circuit of Mead with high-threshold transistors at a supply below their threshold: what an
inverter draws while its input creeps is then limited by the transistors themselves, and nothing needs starving.

Ideal are only the two supplies (V_DD, V_D), the gate bias, and four capacitors: feedback, and wires of three nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from circuits.device.btbt import DEVICES, BTBTDevice, bias_for_current, btbt_current
from circuits.errors import InputError
from circuits.units import Amperes, Farads, Metres, SquareMetres, Volts, fF, freeze_si, nm, require, um
from circuits.units import require_plausible_fields as require_plausible

LEAST_WIDTH, LEAST_LENGTH = 90 * nm, 50 * nm  # Source: drawn rules of FreePDK45
MOST_SIZE = 20 * um  # ASSUMED: no cell of this kind holds a longer one
DIFFUSION = 105 * nm  # Source: contacted source or drain, half a gate to the middle of a contact, rules of FreePDK45
SOURCE_LENGTH = 40 * nm  # Source: drawn gate of the tunnelling device, Chavan 2020
LAYOUT_FACTOR = 3.0  # ASSUMED: contacts, wells and spacing over active area
OXIDE_DENSITY = 0.021  # F/m^2; 1.63 nm of the high-threshold cards: the feedback capacitor is drawn as a gate
PINS = ("out", "mem", "drain", "gate", "vc", "vo")
AMMETERS = {"comparator": "mem cg", "reset": "mem rd", "reset_gate": "out rg", "leak": "mem ld"}  # from, to


@dataclass(frozen=True)
class Size:
    """Drawn width and length of a transistor."""

    width: Metres = LEAST_WIDTH
    length: Metres = LEAST_LENGTH

    def __post_init__(self):
        freeze_si(self)
        for name, least in (("width", LEAST_WIDTH), ("length", LEAST_LENGTH)):
            drawn = getattr(self, name)
            require(self, name, least * (1 - 1e-9) <= drawn <= MOST_SIZE, f"in {least:.3g}..{MOST_SIZE:.3g} m")

    @property
    def area(self) -> SquareMetres:
        """Gate and both diffusions."""
        return self.width * (self.length + 2 * DIFFUSION)

    @property
    def words(self) -> str:
        """Its geometry as parameters of an instance."""
        area, edge = self.width * DIFFUSION, 2 * (self.width + DIFFUSION)
        return f"w={self.width:.6g} l={self.length:.6g} ad={area:.6g} as={area:.6g} pd={edge:.6g} ps={edge:.6g}"


@dataclass(frozen=True)
class NeuronCell:
    """Sizes, supplies and capacitors of one neuron; the defaults spike from rail to rail at all 27 corners."""

    device: BTBTDevice = field(default_factory=lambda: DEVICES["32nm-pdsoi"])
    source_width: Metres = 450 * nm  # Source: Chavan 2020
    comparator_n: Size = field(default_factory=Size)
    comparator_p: Size = field(default_factory=Size)
    output_n: Size = field(default_factory=Size)
    output_p: Size = field(default_factory=Size)
    reset: Size | None = field(default_factory=lambda: Size(length=100 * nm))  # None: left out
    leak: Size | None = field(default_factory=lambda: Size(width=180 * nm))  # None: left out
    c_feedback: Farads = 0.5 * fF
    c_wire_membrane: Farads = 0.1 * fF  # ASSUMED: half a micrometre of metal
    c_wire_inner: Farads = 0.1 * fF  # ASSUMED
    c_load: Farads = 0.2 * fF  # ASSUMED: a wire and the gate of what listens
    v_dd: Volts = 0.5
    v_gate: Volts = -0.57  # fires at 125 kHz, amid the published 100 to 150 kHz
    crosspoints: tuple[float, ...] = ()  # V, gate bias of each synapse that loads the membrane, its row off
    pmos_source: Size | None = None  # a sub-threshold pMOS from V_DD to the membrane, in place of the tunnelling device
    gate_follows: bool = False  # the gate bias moves with the supply of the source, as a mirror makes it
    nmos: str = "NMOS_VTH"
    pmos: str = "PMOS_VTH"

    def __post_init__(self):
        freeze_si(self)
        require_plausible(self)
        for name in ("v_dd", "source_width"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("c_feedback", "c_wire_membrane", "c_wire_inner", "c_load"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        if self.pmos_source is not None:
            require(self, "v_gate", 0 <= self.v_gate <= self.v_dd, f"in 0..{self.v_dd:g} V for a pMOS source")
            return
        if not self.v_dd < self.v_drain:
            raise InputError(
                f"v_dd = {self.v_dd:g} V is not below the {self.v_drain:g} V at the drain of {self.device.name}: a "
                "membrane at the supply would stop the tunnelling; lower v_dd"
            )
        if not self.v_drain - self.v_gate > self.device.v_onset:
            raise InputError(
                f"v_gate = {self.v_gate:g} V leaves {self.device.name} below its onset, no current; give less than "
                f"{self.v_off:.3g} V"
            )

    @property
    def v_drain(self) -> Volts:
        """Supply of the source: that of the curve of a tunnelling device."""
        return self.v_dd if self.pmos_source is not None else self.device.v_ds

    @property
    def v_off(self) -> Volts:
        """Gate bias at the onset, where nothing flows; of a pMOS the supply, where its off-current does."""
        return self.v_drain if self.pmos_source is not None else self.v_drain - self.device.v_onset

    @property
    def input_current(self) -> Amperes:
        """Tunnelling current at the gate bias and the device's temperature.  Raises: InputError for another source."""
        if self.pmos_source is not None:
            raise InputError("the current of a pMOS source has no closed form; ask bench.source_current for it")
        return float(btbt_current(self.v_drain - self.v_gate, self.device, self.source_width))

    @property
    def transistors(self) -> dict[str, tuple[str, str, Size]]:
        """Nodes (drain, gate, source, bulk), card and size of each, the tunnelling source apart."""
        all_of_them = {
            "comparator_p": ("x cg vc vc", self.pmos, self.comparator_p),
            "comparator_n": ("x cg 0 0", self.nmos, self.comparator_n),
            "output_p": ("out x vo vo", self.pmos, self.output_p),
            "output_n": ("out x 0 0", self.nmos, self.output_n),
            "reset": ("rd rg 0 0", self.nmos, self.reset),
            "leak": ("ld 0 0 0", self.nmos, self.leak),
        }
        return {name: row for name, row in all_of_them.items() if row[2] is not None}

    @property
    def area(self) -> SquareMetres:
        """Active area of all transistors times `LAYOUT_FACTOR`, and the feedback capacitor as a gate."""
        source = self.source_width * (SOURCE_LENGTH + 2 * DIFFUSION)
        source = source if self.pmos_source is None else self.pmos_source.area
        active = source + sum(size.area for _, _, size in self.transistors.values())
        active += len(self.crosspoints) * self.source_width * (SOURCE_LENGTH + 2 * DIFFUSION)
        return LAYOUT_FACTOR * active + self.c_feedback / OXIDE_DENSITY

    @property
    def spike_charge(self) -> float:
        """A first guess of the charge of a spike (C), for the length of a simulation: membrane times supply."""
        gates = sum(size.width * size.length for size in (self.comparator_n, self.comparator_p))
        overlap = 0.6e-9 * self.source_width  # F/m; two overlaps and the body under an accumulated gate
        devices = (1 + len(self.crosspoints)) * overlap
        return self.v_dd * (self.c_feedback + self.c_wire_membrane + OXIDE_DENSITY * gates + devices)


def cell_with(device: BTBTDevice) -> NeuronCell:
    """The cell with another source, biased to the current of the default one as far as the device was fitted."""
    plain = NeuronCell()
    bias = float(bias_for_current(plain.input_current, device, plain.source_width))
    return plain if device == plain.device else replace(plain, device=device, v_gate=max(bias, device.v_gs_min))


def ammeters(cell: NeuronCell) -> tuple[str, ...]:
    """Those of `AMMETERS` that lead to a transistor which is there."""
    return tuple(meter for meter in AMMETERS if meter.removesuffix("_gate") in {"comparator", *cell.transistors})


def tunnelling(name: str, drain_and_gate: str, body: str, model: str, width: Metres) -> str:
    """A tunnelling device that drives a membrane: body and source are one node."""
    return f"M{name} {drain_and_gate} {body} 0 {body} {model} w={width:.6g} l={SOURCE_LENGTH:.6g}"


def subcircuit(cell: NeuronCell, name: str, source_model: str, shifts: Mapping[str, Volts] | None = None) -> str:
    """The neuron as `.subckt NAME out mem drain gate vc vo`: vc and vo feed comparator and output, both at V_DD.

    Args:  source_model: name of the card of the tunnelling device. shifts: what mismatch adds to the threshold of a
    transistor, by its name (V). The sources of 0 V are ammeters.
    Raises: InputError for a shift of a transistor that is not there.
    """
    shifts = dict(shifts or {})
    rows = dict(cell.transistors)
    if cell.pmos_source is not None:
        rows["source"] = ("mem gate drain drain", cell.pmos, cell.pmos_source)
    if lost := sorted(set(shifts) - set(rows)):
        raise InputError(f"no transistor {lost[0]!r} to shift; there are {', '.join(rows)}")
    lines = [
        f".subckt {name} {' '.join(PINS)}",
    ]
    if cell.pmos_source is None:
        lines.append(tunnelling("source", "drain gate", "mem", source_model, cell.source_width))
    for i, volts in enumerate(cell.crosspoints):
        lines.append(f"Vcross_{i} cross_{i} 0 {volts:.9g}")
        lines.append(tunnelling(f"cross_{i}", f"0 cross_{i}", "mem", source_model, cell.source_width))
    lines += [f"V{meter} {AMMETERS[meter]} 0" for meter in ammeters(cell)]
    for transistor, (nodes, card, size) in rows.items():
        shift = f" delvto={shifts[transistor]:.6g}" if transistor in shifts else ""
        lines.append(f"M{transistor} {nodes} {card} {size.words}{shift}")
    capacitors = {"feedback": "out mem", "wire_membrane": "mem 0", "wire_inner": "x 0", "load": "out 0"}
    for capacitor, nodes in capacitors.items():
        if (farads := getattr(cell, f"c_{capacitor}")) > 0:
            lines.append(f"C{capacitor} {nodes} {farads:.6g}")
    return "\n".join((*lines, f".ends {name}"))
