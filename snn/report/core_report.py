"""What `snn core` prints: the energy of one core of tunnelling neurons beside the same core of other neurons."""

from dataclasses import replace
from typing import Any

import numpy as np

from circuits.chips.speed import Off, control_keeps_up, larger_membrane, whole, with_remedy
from circuits.energy.core import GATING, GATING_UNKNOWN, core_energy
from circuits.ledger import Ledger, unknown
from circuits.literature.core_table import CoreRow, CoreTable, core_headline
from circuits.neuron.design import current_for_rate
from circuits.neuron.energy_terms import spike_energy, unknown_of_neuron
from circuits.units import Joules, si
from snn.report.neuron_report import assumptions
from snn.studies.one_core import ENCODERS, Core, core_tables


def core_figures(core: Core, scope: str = "neuron") -> dict[str, Any]:
    """What `snn core --json` prints; `load.rates` are those of the reservoir, `(neuron,)` (Hz)."""
    circuit, load, tables = core.circuit, core.load, core_tables(core, scope)
    lacking = unknown("synapses and their leak", "routing") + unknown_of_neuron(circuit)
    return {
        "device": circuit.device.name,
        "scope": scope,
        "n_neurons": load.rates.size,
        "mean_rate_hz": float(load.rates.mean()),
        "duration_s": load.duration,
        "tau_mem_s": core.tau_mem,
        "headline": list(core_headline(tables)) if scope == "neuron" else [],
        "assumptions": [*assumptions(circuit), *_assumptions(core, tables)],
        "notes": [note for table in tables for note in _notes(table)],
        "not_modelled": (lacking + GATING_UNKNOWN if load.acceleration != 1 else lacking).not_modelled,
        "cores": [row for table in tables for row in _cores(core, table)],
    } | {_key(table): [_row(row) for row in (table.ours, *table.rows)] for table in tables}


def _key(table: CoreTable) -> str:
    return "real_time" if table.load.acceleration == 1 else "accelerated"


def _cores(core: Core, table: CoreTable) -> list[dict[str, Any]]:
    """Our core without and with its encoders."""
    rates = table.load.rates
    encoders = np.full(ENCODERS, rates.mean()) if core.encoder_rates is None else core.encoder_rates
    loads = {"reservoir": table.load}
    loads |= {"with encoders": replace(table.load, rates=np.append(rates, encoders))} if encoders.size else {}
    return [
        {
            "core": name,
            "n_neurons": load.rates.size,
            "acceleration": load.acceleration,
            **_joules(energy := core_energy(table.ours.neuron, load)),
            "static_share": energy.static / energy.total,
            "mean_power_w": energy.total / load.duration,
            "static_decides_below_hz": table.ours.neuron.static_decides_below(load.acceleration),
        }
        for name, load in loads.items()
    ]


def _joules(energy: Ledger) -> dict[str, Joules | None]:
    return {"dynamic_j": energy.dynamic, "static_j": energy.static, "total_j": energy.total}


def _row(row: CoreRow) -> dict[str, Any]:
    """What matters most comes first; `wins_below_hz` None beside a `wins_above_hz`: at every rate above."""
    neuron, (above, below) = row.neuron, row.wins or (None, None)
    joules = _joules(row.energy)
    return {
        "name": neuron.name,
        "total_j": joules.pop("total_j"),
        "bound": "lower" if row.energy.unknown else "",
        "ratio_total": row.ratio_total,
        "ours": row.verdict,
        "ratio_dynamic": row.ratio_dynamic,
        **joules,
        "wins_above_hz": above,
        "wins_below_hz": below if below is not None and np.isfinite(below) else None,
        "year": neuron.year,
        "measured": neuron.measured,
        "marginal_j": neuron.marginal,
        "static_w": neuron.static,
        "reference": neuron.source,
        "note": neuron.note,
    }


def _assumptions(core: Core, tables: tuple[CoreTable, ...]) -> list[str]:
    lines = ["encoders spike as often as the reservoir"] if core.encoder_rates is None else []
    lines += ["every published energy per spike is taken as marginal energy"]
    lines += [GATING] if any(table.load.acceleration != 1 for table in tables) else []
    return [*lines, *_drive(tables[-1])]


def _drive(table: CoreTable) -> list[str]:
    """What another constant current would make of the marginal energy."""
    rate, marginal = float(table.load.rates.mean()) * table.load.acceleration, table.ours.neuron.marginal
    if not 0 < rate * table.circuit.t_refractory < 1:
        return []
    slow = spike_energy(table.circuit, current_for_rate(table.circuit, rate)).dynamic
    return [
        f"a spike costs {si(marginal, 'J')} at the input current of the circuit's own bias; under the constant "
        f"current that fires at {si(rate, 'Hz')} it would cost {si(slow, 'J')}, by another time spent just below "
        "threshold"
    ]


def _notes(table: CoreTable) -> tuple[str, ...]:
    """Whether the device can hold the neuron at rest at this speed, and its control transistors keep up."""
    circuit, speed = table.circuit, table.load.acceleration
    floor, rheobase, off = circuit.device.i_floor * circuit.width, circuit.rheobase, control_keeps_up(circuit, speed)
    if rheobase < floor:
        said = (
            f"at an acceleration of {speed:g} the rheobase of {si(rheobase, 'A')} lies below the device's floor of "
            f"{si(floor, 'A')}: no gate bias keeps the neuron at rest, its figures are those of a device without floor"
        )
        off = (Off(said, floor / rheobase), *off)
    factor = max((one.factor for one in off), default=1.0)
    reachable = circuit.tau_mem / factor > circuit.t_refractory
    faster, c_mem = f"an acceleration of {whole(speed * factor)}", larger_membrane(circuit, factor)
    return with_remedy(off, faster if reachable else f"no acceleration, but {c_mem}")
