"""What `snn core` shows: the energy of one core of tunnelling neurons beside the same core of other neurons."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.energy.core import GATING, CoreLoad, core_energy
from circuits.errors import InputError
from circuits.ledger import Ledger, unknown
from circuits.literature.core_table import CoreRow, CoreTable, core_headline, core_table
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.design import current_for_rate
from circuits.neuron.energy_terms import spike_energy, unknown_of_neuron
from circuits.units import Hertz, Joules, Seconds, ms, si
from snn.experiments.run_folder import Run, load_activity, require_kind
from snn.networks.circuit_settings import middle
from snn.networks.reservoir import INPUT
from snn.networks.reservoir import RESERVOIR as RESERVOIR_NAME
from snn.report.neuron_report import assumptions, neuron_circuit

RESERVOIR, ENCODERS = 36, 20  # Source: press on the 45 nm chip: neurons of the reservoir and of the input
SPEECH_TAU: Seconds = 20 * ms  # ASSUMED: membrane time constant in the time of the speech
MOST_NEURONS = 2**20  # ASSUMED: the largest chip of the table; far beyond one core
ACCELERATION = 1000.0  # ASSUMED: the chip's microsecond stands for a millisecond of speech


def core_load(rate: Hertz, n_neurons: int, duration: Seconds, acceleration: float) -> CoreLoad:
    """`n_neurons` neurons at one rate (Hz); for measured rates give `CoreLoad` an array `(neuron,)`.

    Raises: ValueError for no neuron or too many, or a rate, duration or acceleration that is not positive and finite.
    """
    if not 1 <= n_neurons <= MOST_NEURONS:
        raise InputError(f"neurons = {n_neurons}; a core has 1 to {MOST_NEURONS:,}")
    if not 0 < rate < float("inf"):
        raise InputError(f"rate = {rate:g} Hz; give the mean rate of a neuron, positive")
    return CoreLoad(np.full(n_neurons, float(rate)), duration, acceleration)


@dataclass(frozen=True, eq=False)
class Core:
    """A core to compare: the neuron, before it is brought to a speed, what it does, and its encoders."""

    circuit: LIFCircuit
    load: CoreLoad
    tau_mem: Seconds = SPEECH_TAU
    encoder_rates: np.ndarray | None = None  # (encoder,), Hz; None: `ENCODERS` that spike as often as the reservoir


def asked_core(
    rate: Hertz = 50.0,
    duration: Seconds = 1.0,
    neurons: int = RESERVOIR,
    acceleration: float = ACCELERATION,
    device: str = "32nm-pdsoi",
) -> Core:
    """The core of a named device under a load, see `core_load`."""
    return Core(neuron_circuit(device, None, 300.0), core_load(rate, neurons, duration, acceleration))


def run_core(run: Run) -> Core:
    """The core of a run: its circuit, and the mean rates of its neurons over its test clips, at their length and speed.

    Inputs that are spikes, not neurons, count as no encoders.
    Raises: FileNotFoundError or ValueError where the run's activity is missing or damaged.
    """
    reservoir, recipe = require_kind(run, "reservoir").model.reservoir, run.recipe
    activity = load_activity(run.folder)
    duration = activity.duration * reservoir.acceleration
    rates = {name: spikes / duration for name, spikes in activity.spikes.items()}
    has_encoders = reservoir.network.layers[0].kind == "encoder"
    return Core(
        recipe.neuron.circuit(),
        CoreLoad(rates[RESERVOIR_NAME], duration, reservoir.acceleration),
        middle(recipe.reservoir.tau_mem_s),
        rates[INPUT] if has_encoders else np.zeros(0),
    )


def core_tables(core: Core, scope: str = "neuron") -> tuple[CoreTable, ...]:
    """The load in real time, and at its own acceleration where that is another."""
    speeds = dict.fromkeys((1.0, core.load.acceleration))
    return tuple(
        core_table(core.circuit, core.tau_mem, replace(core.load, acceleration=speed), scope) for speed in speeds
    )


def core_figures(core: Core, scope: str = "neuron") -> dict[str, Any]:
    """What `snn core --json` prints; `load.rates` are those of the reservoir, `(neuron,)` (Hz)."""
    circuit, load, tables = core.circuit, core.load, core_tables(core, scope)
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
        "not_modelled": (unknown("synapses and their leak", "routing") + unknown_of_neuron(circuit)).not_modelled,
        "cores": [row for table in tables for row in _cores(core, table)],
    } | {_key(table): [_row(row) for row in (table.ours, *table.rows)] for table in tables}


def plot_core(core: Core, path: str | Path, scope: str = "neuron") -> None:
    """Draw power against spike rate, see `snn.report.core_figures.figure_core_power`."""
    from snn.report.core_figures import figure_core_power
    from snn.report.pictures import picture_format, save_figure

    picture_format(path)
    save_figure(path, figure_core_power(core_tables(core, scope)))


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
        "verdict": row.verdict,
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
        f"a spike costs {si(marginal, 'J')} at the drive of the circuit's own bias; under the constant current that "
        f"fires at {si(rate, 'Hz')} it would cost {si(slow, 'J')}, by another time spent just below threshold"
    ]


def _notes(table: CoreTable) -> list[str]:
    """Whether the device can hold the neuron at rest at this speed."""
    floor, rheobase = table.circuit.device.i_floor * table.circuit.width, table.circuit.rheobase
    if rheobase >= floor:
        return []
    return [
        f"at an acceleration of {table.load.acceleration:g} the rheobase of {si(rheobase, 'A')} lies below the "
        f"device's floor of {si(floor, 'A')}: no gate bias keeps the neuron at rest, its figures are those of a "
        "device without floor"
    ]
