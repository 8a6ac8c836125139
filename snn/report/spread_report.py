"""What `snn spread` shows: a trained chip over mismatch, temperature, supply and age, as figures and pictures."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from circuits.device.btbt import validity_notes
from circuits.ledger import Ledger, unknown
from circuits.neuron.energy_terms import unknown_of_neuron
from circuits.units import si
from circuits.variation.chip_spread import N_REPLICAS
from snn.studies.spread import VARIANTS, SpreadRow, SpreadStudy

LEAKS = {
    "body": "leak: ASSUMED to grow with temperature by {activation:g} eV, as a transistor that is off; no mismatch",
    "tunnelling": "leak: ASSUMED set by a tunnelling device of the rheobase current, which follows all the others",
}


def spread_report(study: SpreadStudy) -> dict[str, Any]:
    """What `snn spread --json` prints."""
    config = study.config
    return {
        "n_chips": config.n_chips,
        "n_clips": study.n_clips,
        "n_train": study.n_train,
        "seed": config.seed,
        "leak": config.leak,
        "spread": asdict(config.spread),
        "assumptions": [*_assumptions(study), LEAKS[config.leak].format(activation=study.circuit.leak_activation_ev)],
        "notes": _notes(study),
        "not_modelled": _unknown(study).not_modelled,
        "rows": [row.as_dict() | {"why_silent": _why_silent(study, row)} for row in study.rows],
    }


def plot_spread(study: SpreadStudy, folder: str | Path) -> tuple[Path, ...]:
    """Draw one picture for mismatch, temperature, supply and years each into a folder, which is made."""
    folder = Path(folder)
    from snn.report.pictures import save_figure
    from snn.report.spread_figures import AXES, figure_mismatch, figure_sweep

    figures = {"mismatch": figure_mismatch(study)} | {sweep: figure_sweep(study, sweep) for sweep in AXES}
    return tuple(save_figure(folder / f"spread_{name}.png", figure) for name, figure in figures.items())


def _assumptions(study: SpreadStudy) -> list[str]:
    dac, trimmed = VARIANTS["calibrated"], VARIANTS["trimmed"]
    sigma = study.config.spread
    return [
        f"mismatch ASSUMED: {si(sigma.sigma_tunnel, 'V')} of every tunnelling device, {si(sigma.sigma_threshold, 'V')} "
        f"of thresholds, {si(sigma.sigma_subthreshold, 'V')} below threshold, {sigma.sigma_c:.0%} of capacitors",
        "gate biases and the drain's share of the supply stay when temperature and supply change (ASSUMED)",
        f"calibrated: {dac.bits}-bit gate bias of {si(dac.step, 'V')} steps for each line, "
        f"{N_REPLICAS} test devices and test neurons (ASSUMED)",
        f"trimmed: besides, {trimmed.trim_bits} bits of {si(trimmed.trim_step, 'V')} for each input neuron (ASSUMED)",
        "the readout is the one trained on the nominal chip; retrained: fitted on each trimmed chip, new, at 300 K",
        "worst corners: slow process with cold, low supply and age; fast process, hot, high supply and new (ASSUMED)",
        "below 300 K the Arrhenius law of the TCAD curves, 300 to 398 K, is extrapolated",
    ]


def _notes(study: SpreadStudy) -> list[str]:
    """Where a condition leaves what the device was fitted to, and currents that no gate bias reaches."""
    there = [row.condition.circuit(study.circuit) for row in study.rows]
    notes = [note for circuit in there for note in validity_notes(circuit.device, circuit.v_gs)]
    low = {row.condition.temperature for row in study.rows if any(chip.below_floor for chip in row.chips)}
    floor = "currents below the least drain current of the device, which no gate bias reaches, were simulated all the"
    notes += [f"{floor} same at {', '.join(f'{kelvin:g}' for kelvin in sorted(low))} K"] if low else []
    return list(dict.fromkeys(notes))


def _why_silent(study: SpreadStudy, row: SpreadRow) -> str | None:
    """Why no chip spikes at a condition: how much its leak has grown, beside its currents; None where any does."""
    if any(chip.spikes for chip in row.chips):
        return None
    nominal, there = study.circuit, row.condition.circuit(study.circuit)
    currents = there.input_current / nominal.input_current
    leak = currents if row.condition.leak == "tunnelling" else there.g_leak / nominal.g_leak
    return f"silent: leaks are {leak:.3g} times those at nominal, currents {currents:.3g} times"


def _unknown(study: SpreadStudy) -> Ledger:
    circuit = study.circuit
    return unknown("energy and area of the bias DACs, test devices and calibration") + unknown_of_neuron(circuit)
