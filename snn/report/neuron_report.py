"""What `snn neuron` prints: one circuit, a designed one, or one beside others."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from circuits.device.btbt import BSIM_DRAIN_BODY, DEVICES
from circuits.energy.boundary import BOARD, BOUNDARIES, CHIP, CLASSIFIER, FEATURES, FRONT_END
from circuits.ledger import Ledger
from circuits.literature.headline import headline
from circuits.literature.spotter_table import SpotterRow, spotter_rows
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.neuron.control import contradictions
from circuits.neuron.conventional import SourcedNeuron
from circuits.neuron.currents import circuit_notes
from circuits.neuron.design import Design
from circuits.neuron.energy_terms import spike_energy, unknown_of_neuron
from circuits.neuron.silence import silence, silence_temperature
from circuits.units import Hertz, si, um
from snn.studies.one_neuron import NeuronComparison, conventional_twins


def device_rows() -> list[dict[str, Any]]:
    """The named devices, with the rms error of ln I over their points and the range of gate bias of these."""
    shown = ("name", "residual", "v_gs_min", "v_gs_max", "source")
    return [{key: getattr(device, key) for key in shown} for device in DEVICES.values()]


def assumptions(circuit: LIFCircuit, *, designed: bool = False) -> tuple[str, ...]:
    """What the figures of this circuit stand on and nobody has published, one line each."""
    default, control = LIFCircuit(), circuit.control
    known = control.evidence(circuit.v_dd)
    at_default = circuit.device.name == default.device.name
    if designed:
        membrane = "as requested, the body ASSUMED to grow with the width"
    elif at_default:
        membrane = "simulated in transistors, not measured; the leak ASSUMED"
    else:
        membrane = f"the leak scaled with the device's current at {default.v_gs:g} V"
    lines = (
        f"device {circuit.device.name}, {circuit.device.source}: not the 45RFSOI silicon, which is not published",
        f"membrane {si(circuit.c_mem, 'F')}, body {si(circuit.c_body, 'F')} and load {si(control.c_membrane, 'F')}, "
        f"swing {si(circuit.swing, 'V')}, leak {si(circuit.g_leak, 'S')}: {membrane}",
        f"control and reset: {si(circuit.c_control, 'F')} and {si(circuit.c_reset, 'F')} of transistors "
        f"{si(control.width, 'm')} wide, switched once per spike at {circuit.v_dd:g} V: {known}",
        f"the first inverter draws {si(circuit.i_crowbar, 'A')} at threshold, the open reset {si(control.off, 'A')}; "
        f"{si(circuit.i_static, 'A')} of static current per neuron: {known}",
    )
    return lines + heat_assumptions(circuit)


def heat_assumptions(circuit: LIFCircuit) -> tuple[str, ...]:
    """How each current grows with temperature, and those of control with the supply, one line each."""
    device, control = circuit.device, circuit.control
    lines = (
        f"temperature: tunnelling {device.activation_ev:g} eV, drain current {device.off_activation_ev:g} eV (figures "
        f"14 and 15), leak {circuit.leak_activation_ev:g} eV ASSUMED, as of a transistor that is off",
    )
    if not (simulated := control.simulated):
        return (*lines, f"static current {control.static_activation_ev:g} eV, as of a transistor that is off")
    return (
        *lines,
        f"control moves as exp(-E / kT) V_DD^n: static current {simulated.static_activation_ev:g} eV, "
        f"n = {simulated.static_exponent:g}; crowbar {simulated.crowbar_activation_ev:g} eV, "
        f"n = {simulated.crowbar_exponent:g}; switching time {simulated.switch_activation_ev:g} eV, "
        f"n = {simulated.switch_exponent:g}: {control.evidence}",
    )


def bias_rate(circuit: LIFCircuit) -> Hertz:
    """What the circuit fires at its own gate bias; 0 where it is silent."""
    return 1 / interval(circuit)


def with_drain_body(circuit: LIFCircuit) -> LIFCircuit:
    """The circuit with BSIM's own constant of the drain-body factor where its device has none extracted."""
    device = circuit.device
    return replace(circuit, device=replace(device, drain_body=device.drain_body or BSIM_DRAIN_BODY))


def drain_body_assumption(circuit: LIFCircuit) -> str:
    """What is taken of the drain-body factor, and what the rate would be with it."""
    if circuit.device.drain_body:
        return f"drain-body factor with C = {circuit.device.drain_body:g} V^3"
    return (
        f"drain-body factor of the GIDL law not extracted, so none: no curve varies the body; with BSIM's own C = "
        f"{BSIM_DRAIN_BODY:g} V^3 the rate would be {si(bias_rate(with_drain_body(circuit)), 'Hz')}"
    )


def neuron_figures(circuit: LIFCircuit, temperature: float) -> dict[str, Any]:
    """Rate and energy at the circuit's own bias, part by part, with what was assumed and what is missing.

    A silent circuit has rate 0, no energy, and the reason; `silent_from_k` is the temperature at which that begins.
    Raises: InputError for a bias at which it is silent at every temperature.
    """
    why_silent, silent_from = silence(circuit), silence_temperature(circuit)
    energy = Ledger() if why_silent and silent_from else spike_energy(circuit)
    return {
        "device": circuit.device.name,
        "temperature_k": temperature,
        "v_dd_v": circuit.v_dd,
        "years_of_use": circuit.device.age_years,
        "v_gs_v": circuit.v_gs,
        "input_current_a": circuit.input_current,
        "rheobase_a": circuit.rheobase,
        "rate_hz": bias_rate(circuit),
        "rate_with_drain_body_hz": bias_rate(with_drain_body(circuit)),
        "why_silent": why_silent,
        "silent_from_k": silent_from,
        "tau_mem_s": circuit.tau_mem,
        "energy_per_spike_j": None if why_silent else energy.total,
        "parts_j": energy.parts,
        "evidence": {entry.part: entry.source for entry in energy.entries},
        "marginal_energy_j": None if why_silent else energy.dynamic,
        "static_power_w": circuit.static_power,
        "assumptions": [*assumptions(circuit), drain_body_assumption(circuit)],
        "notes": [*circuit_notes(circuit), *contradictions(circuit)],
        "not_modelled": unknown_of_neuron(circuit).not_modelled,
    }


def design_figures(design: Design, temperature: float) -> dict[str, Any]:
    """A designed circuit: what was chosen, its figures, and its conventional twins."""
    circuit, twins = design.circuit, conventional_twins(design, temperature)
    figures = neuron_figures(circuit, temperature)
    return (
        {"width_m": circuit.width, "c_mem_f": circuit.c_mem, "swing_v": circuit.swing}
        | figures
        | {
            "assumptions": [
                *assumptions(circuit, designed=True),
                drain_body_assumption(circuit),
                *(f"{t.source}: {t.reason}" for t in twins[1:]),
            ],
            "notes": [*design.notes, *contradictions(circuit)],
            "sources": [_sourced(twin) for twin in twins],
        }
    )


def _sourced(neuron: SourcedNeuron) -> dict[str, Any]:
    """One source with the capacitor that it needs, area and energy."""
    energy = neuron.energy
    return {
        "source": neuron.source,
        "input_current_a": neuron.input_current,
        "c_mem_f": neuron.circuit.c_mem,
        "area_um2": neuron.area() / um**2,
        "energy_per_spike_j": energy.total,
        "marginal_energy_j": energy.dynamic,
        "static_power_w": neuron.circuit.static_power,
        "parts_j": energy.parts,
        "reason": neuron.reason,
    }


def spotter_comparison(ours: Sequence[SpotterRow]) -> dict[str, Any]:
    """Whole keyword spotters beside ours, front ends of their own, and what each boundary pays for."""
    rows = [asdict(row) for row in spotter_rows(ours)]
    return {
        "notes": list(dict.fromkeys(f"our spotter, {row.name}: {row.note}" for row in ours)),
        "boundaries": BOUNDARIES,
        "spotters": [row for row in rows if CLASSIFIER in row["boundary"] or row["boundary"] in (CHIP, BOARD)],
        "front_ends": [row for row in rows if row["boundary"] in (FEATURES, FRONT_END)],
    }


def comparison(found: NeuronComparison) -> dict[str, Any]:
    """Published neurons of one scope beside the circuit, and what that amounts to."""
    return {
        "device": found.circuit.device.name,
        "energy_per_spike_j": found.energy_per_spike,
        "area_f2": found.area_f2,
        "scope": found.scope,
        "headline": list(headline(found.rows).sentences) if found.scope == "neuron" else [],
        "rows": [asdict(row) for row in found.rows],
    }
