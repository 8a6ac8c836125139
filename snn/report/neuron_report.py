"""What `snn neuron` shows: one circuit's figures, a designed circuit, or the circuit beside published neurons."""

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from circuits.device.ageing import aged
from circuits.device.btbt import DEVICES
from circuits.device.device_file import load_device
from circuits.errors import InputError
from circuits.literature.compare import compare
from circuits.literature.headline import headline
from circuits.neuron.area import NODE, neuron_area
from circuits.neuron.circuit import GATE_CAPACITANCE, LIFCircuit, circuit_for_device, firing_rate
from circuits.neuron.conventional import SourcedNeuron, conventional_sources, source_comparison
from circuits.neuron.currents import circuit_notes
from circuits.neuron.design import Design, design_neuron
from circuits.neuron.energy_terms import spike_energy, unknown_of_neuron
from circuits.neuron.supply import at_condition
from circuits.units import Volts, si, um
from circuits.variation.corners import corner_circuit
from circuits.variation.mismatch import Spread

MAX_V_GS: Volts = 3.0  # ASSUMED: a field of 3 V over 1 nm of oxide breaks it


def device_rows() -> list[dict[str, Any]]:
    """The named devices, with the rms error of ln I over their points and the range of gate bias of these."""
    told = ("name", "residual", "v_gs_min", "v_gs_max", "source")
    return [{key: getattr(device, key) for key in told} for device in DEVICES.values()]


def neuron_circuit(
    device: str, v_gs: float | None, temperature: float, supply: float | None = None, years: float = 0.0
) -> LIFCircuit:
    """The default circuit with another device, bias (V; None: its own), temperature (K), V_DD (V) or years of use.

    Raises: ValueError for an unknown device, a bias beyond `MAX_V_GS` or a temperature that no curve covers.
    """
    chosen = load_device(device)
    v_gs = LIFCircuit.v_gs if v_gs is None else v_gs
    if abs(v_gs) > MAX_V_GS:
        raise InputError(f"v_gs = {v_gs:g} V breaks the gate oxide; keep it within {MAX_V_GS:g} V of zero")
    circuit = LIFCircuit()
    if chosen != circuit.device:
        circuit = circuit_for_device(chosen, circuit.v_gs, circuit)
    if v_gs != circuit.v_gs:
        circuit = LIFCircuit(**{**vars(circuit), "v_gs": v_gs})
    circuit = replace(circuit, device=aged(circuit.device, years))
    return at_condition(circuit, temperature, supply)


def neuron_design(base: LIFCircuit, wish: dict[str, float | None], v_gs: float | None = None) -> Design | None:
    """The circuit that meets a wish (`tau_mem`, `rate`, `swing`, `width`, `c_mem`; all None: no wish, no design).

    Time constant and swing default to those of the default circuit.
    Raises: ValueError for a wish without a rate or beside a bias; DesignError for one that cannot be met.
    """
    given = {name: value for name, value in wish.items() if value is not None}
    if not given:
        return None
    if "rate" not in given:
        raise InputError(f"{', '.join(given)} without a rate: a design starts from --rate (Hz)")
    if v_gs is not None:
        raise InputError(f"v_gs = {v_gs:g} V and rate = {given['rate']:g} Hz: the bias follows from the rate; give one")
    circuit = LIFCircuit()
    return design_neuron(**{"tau_mem": circuit.tau_mem, "swing": circuit.swing} | given, circuit=base)


def assumptions(circuit: LIFCircuit, *, designed: bool = False) -> tuple[str, ...]:
    """What the figures of this circuit stand on and nobody has published, one line each."""
    default, gates = LIFCircuit(), (circuit.c_control + circuit.c_reset) / GATE_CAPACITANCE
    at_default = circuit.device.name == default.device.name
    if designed:
        membrane = "as wished, the body ASSUMED to grow with the width"
    elif at_default:
        membrane = f"consistent with 100 to 150 kHz at {default.v_gs:g} V, not measured"
    else:
        membrane = f"the leak scaled with the device's current at {default.v_gs:g} V"
    lines = (
        f"device {circuit.device.name}, {circuit.device.source}: not the 45RFSOI silicon, which is not published",
        f"body {si(circuit.c_mem, 'F')}, swing {si(circuit.swing, 'V')}, leak {si(circuit.g_leak, 'S')}: {membrane}",
        f"control and reset: {gates:.3g} gates of the device's own size switched once per spike at {circuit.v_dd:g} V",
        f"first inverter starved to {si(circuit.i_crowbar, 'A')}, "
        f"one leaking path of {si(circuit.i_static, 'A')} per neuron",
    )
    if not at_default:
        lines += (f"the leaking path is that of {default.device.name}: {circuit.device.name} publishes none",)
    return lines


def neuron_figures(circuit: LIFCircuit, temperature: float) -> dict[str, Any]:
    """Rate and energy at the circuit's own bias, part by part, with what was assumed and what is missing."""
    energy = spike_energy(circuit)
    return {
        "device": circuit.device.name,
        "temperature_k": temperature,
        "v_dd_v": circuit.v_dd,
        "years_of_use": circuit.device.age_years,
        "v_gs_v": circuit.v_gs,
        "input_current_a": circuit.input_current,
        "rheobase_a": circuit.rheobase,
        "rate_hz": firing_rate(circuit, circuit.input_current),
        "tau_mem_s": circuit.tau_mem,
        "energy_per_spike_j": energy.total,
        "parts_j": energy.parts,
        "marginal_energy_j": energy.dynamic,
        "static_power_w": circuit.static_power,
        "assumptions": list(assumptions(circuit)),
        "notes": list(circuit_notes(circuit)),
        "not_modelled": unknown_of_neuron(circuit).not_modelled,
    }


def design_figures(design: Design, temperature: float) -> dict[str, Any]:
    """A designed circuit: what was chosen, its figures, and its conventional twins."""
    circuit = design.circuit
    transistor = neuron_circuit(LIFCircuit().device.name, None, temperature).device
    twins = source_comparison(circuit, conventional_sources(transistor))
    figures = neuron_figures(circuit, temperature)
    return (
        {"width_m": circuit.width, "c_mem_f": circuit.c_mem, "swing_v": circuit.swing}
        | figures
        | {
            "assumptions": [*assumptions(circuit, designed=True), *(f"{t.source}: {t.reason}" for t in twins[1:])],
            "notes": list(design.notes),
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


def comparison(circuit: LIFCircuit, scope: str) -> dict[str, Any]:
    """Published neurons of one scope beside the circuit, cheapest first, and what that amounts to."""
    energy, area_f2 = spike_energy(circuit).total, neuron_area(circuit) / NODE**2
    rows = compare(energy, scope=scope, area_f2=area_f2)
    return {
        "device": circuit.device.name,
        "energy_per_spike_j": energy,
        "area_f2": area_f2,
        "scope": scope,
        "headline": list(headline(rows).sentences) if scope == "neuron" else [],
        "rows": [asdict(row) for row in rows],
    }


def plot_neuron(circuit: LIFCircuit, path: str | Path, scope: str | None) -> None:
    """Draw the f-I curve, or with a scope the comparison: bare neurons against their area."""
    from snn.report.comparison_figures import figure_comparison, figure_energy_area
    from snn.report.pictures import save_figure
    from snn.report.silicon_figures import figure_f_i

    if scope is None:
        save_figure(path, figure_f_i(circuit))
        return
    energy, area_f2 = spike_energy(circuit).total, neuron_area(circuit) / NODE**2
    rows = compare(energy, scope=scope, area_f2=area_f2)
    bare = scope == "neuron"
    save_figure(path, figure_energy_area(rows, energy, area_f2) if bare else figure_comparison(rows, energy))


def corner_figures(circuit: LIFCircuit, n: int, **work: Any) -> dict[str, Any]:
    """Monte Carlo of the circuit: one row per corner; `work` says how it is shared."""
    from circuits.variation.monte_carlo import monte_carlo

    result = monte_carlo(circuit, n, **work)
    spread = {f.name: getattr(Spread(), f.name) for f in fields(Spread)}
    return {
        "device": circuit.device.name,
        "v_gs_v": circuit.v_gs,
        "neurons": n,
        "assumptions": [
            f"mismatch, one standard deviation: {', '.join(f'{k} {v:g}' for k, v in spread.items())}",
            "process corners: shifts of circuits.variation.corners, none published",
        ],
        "notes": [
            f"{corner.name}: {note}"
            for corner in result.corners
            for note in circuit_notes(corner_circuit(circuit, corner))
            if "V_DS" not in note  # every corner of the supply has that one
        ],
        "rows": result.summary(),
    }
