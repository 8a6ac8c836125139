"""What `snn neuron --level transistor` prints: branches, corners, and the behavioural circuit beside them."""

from collections.abc import Mapping
from typing import Any

from circuits.transistor.behavioural import Calibration
from circuits.transistor.measure import NeuronFigures
from circuits.transistor.schematic import LAYOUT_FACTOR, SOURCE_LENGTH, NeuronCell
from circuits.units import nm, si, um
from snn.studies.transistor_neuron import TransistorStudy

# Keys with the unit, and what they are called in the house
FITTED = {  # constants of the behavioural circuit
    "c_mem_f": "c_mem", "g_leak_siemens": "g_leak", "t_refractory_s": "t_refractory", "v_threshold_v": "v_threshold",
    "v_reset_v": "v_reset", "c_control_f": "c_control", "c_reset_f": "c_reset", "i_crowbar_a": "i_crowbar",
    "i_static_a": "i_static",
}  # fmt: skip
BESIDE = {  # one current, by transistors and by the circuit
    "input_current_a": "input_current", "fitted": "fitted", "rate_hz": "rate", "rate_of_circuit_hz": "rate_of_circuit",
    "energy_per_spike_j": "energy", "energy_of_circuit_j": "energy_of_circuit", "error": "error",
}  # fmt: skip


def transistor_rows(study: TransistorStudy) -> dict[str, Any]:
    """Rate, swing and energy by branch where it was asked for; corners; the behavioural circuit; what is assumed."""
    cell, figures = study.cell, study.figures
    return {
        "level": "transistor",
        "cards": study.cards.name,
        "device": cell.device.name,
        "temperature_k": figures.corner.temperature,
        "v_dd_v": figures.v_dd,
        "v_drain_v": cell.v_drain * figures.corner.supply,
        "v_gs_v": cell.v_gate,
        "input_current_a": figures.input_current,
        **_spike(figures),
        "standby_power_w": study.standby_power,
        "fires_without_input": study.fires_alone,
        "area_um2": cell.area / um**2,
        "corners_that_spike": sum(corner.spikes for corner in study.corners),
        "corners_simulated": len(study.corners),
        "rows": [{"corner": corner.corner.name} | _spike(corner) for corner in study.corners],
        "behavioural": _behavioural(study.calibration),
        "sizes": cell_sizes(cell),
        "ideal": ideal(cell),
        "assumptions": assumptions(),
    }


def _spike(figures: NeuronFigures) -> dict[str, Any]:
    """One corner: with its energy by branch, or with what holds it."""
    return {
        "spikes": figures.spikes,
        "rate_hz": figures.rate,
        "energy_per_spike_j": figures.energy and figures.energy.parts,
        "total_per_spike_j": figures.energy and figures.energy.total,
        "output_swing_v": figures.swing,
        "swing_of_supply": figures.swing / figures.v_dd,
        "pulse_s": figures.pulse,
        "held_by": figures.held and figures.held.text,
    }


def _behavioural(calibration: Calibration | None) -> dict[str, Any] | None:
    """The fitted circuit, its constants, and how near it comes at each current."""
    if calibration is None:
        return None
    own = calibration.points[len(calibration.points) // 2]
    return {
        "rate_hz": own.rate_of_circuit,
        "energy_per_spike_j": own.energy_of_circuit,
        "worst_error_unfitted": calibration.worst_error,
        "constants": keyed(calibration.circuit, FITTED),
        "rows": [keyed(point, BESIDE) for point in calibration.points],
    }


def keyed(record: object, names: Mapping[str, str]) -> dict[str, Any]:
    """Fields of a record by the keys of a report."""
    return {key: getattr(record, name) for key, name in names.items()}


def cell_sizes(cell: NeuronCell) -> dict[str, str]:
    """Width over length of each transistor, in nanometres."""
    sizes = {name: (size.width, size.length) for name, (_, _, size) in cell.transistors.items()}
    sizes = {"source": (cell.source_width, SOURCE_LENGTH)} | sizes
    return {name: f"{width / nm:.0f}/{length / nm:.0f} nm" for name, (width, length) in sizes.items()}


def ideal(cell: NeuronCell) -> list[str]:
    """What of the simulation is no transistor, one line each."""
    capacitors = {"feedback": "a drawn gate", "wire_membrane": "ASSUMED wire", "wire_inner": "ASSUMED wire",
                  "load": "ASSUMED wire and gate"}  # fmt: skip
    drawn = (f"{name} {si(getattr(cell, f'c_{name}'), 'F')}, {what}" for name, what in capacitors.items())
    return [
        f"supply V_DD {cell.v_dd:g} V, supply of the tunnelling drain {cell.v_drain:g} V, gate bias {cell.v_gate:g} V",
        *(f"capacitor: {line}" for line in drawn),
    ]


def assumptions() -> list[str]:
    """What the figures stand on and no foundry has said."""
    return [
        "cards: FreePDK45, a predictive 45 nm bulk process, simulated; no layout, no wires but those listed",
        "tunnelling source: the fitted law as GIDL of a B4SOI device, source and body on the membrane; its gate "
        "leaks nothing, as in the curves that were fitted",
        "ngspice gives GIDL no temperature dependence: an Arrhenius factor on AGIDL brings that of the device",
        "process corners move the source's onset by the shifts of circuits.variation.corners, ASSUMED",
        f"area: active area times {LAYOUT_FACTOR:g}, ASSUMED",
    ]
