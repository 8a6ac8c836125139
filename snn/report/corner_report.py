"""What `snn corners` prints: mismatched neurons at the corners of process, supply and temperature."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import circuit_notes
from circuits.neuron.silence import silence, silence_temperature
from circuits.signoff.corner_runs import CornerRun
from circuits.variation.corners import CORNERS, Corner, corner_circuit
from circuits.variation.mismatch import Spread
from circuits.variation.monte_carlo import MonteCarlo
from snn.report.neuron_report import heat_assumptions


def corner_figures(circuit: LIFCircuit, found: MonteCarlo) -> dict[str, Any]:
    """Mismatched neurons of a circuit: one row per corner."""
    rows = [_row(circuit, *pair) for pair in zip(found.corners, found.summary(), strict=True)]
    spread = {f.name: getattr(Spread(), f.name) for f in fields(Spread)}
    return {
        "device": circuit.device.name,
        "v_gs_v": circuit.v_gs,
        "neurons": found.rate.shape[1],
        "silent_from_k": silence_temperature(circuit),
        "assumptions": [
            f"mismatch, one standard deviation: {', '.join(f'{k} {v:g}' for k, v in spread.items())}",
            "process corners: shifts of circuits.variation.corners, none published",
            *heat_assumptions(circuit),
        ],
        "notes": [
            f"{corner.name}: {note}"
            for corner in found.corners
            for note in circuit_notes(corner_circuit(circuit, corner))
            if "V_DS" not in note  # every corner of the supply has that one
        ]
        + [f"{row['corner']}: {row['why_silent']}" for row in rows if row["silent"] == 1],
        "rows": rows,
    }


def _row(circuit: LIFCircuit, corner: Corner, row: dict[str, Any]) -> dict[str, Any]:
    """A row with why its neurons are silent: all for one reason, or some for their mismatch."""
    if not row["silent"]:
        return row | {"why_silent": None}
    return row | {"why_silent": silence(corner_circuit(circuit, corner)) or f"mismatch, of {row['silent']:.0%}"}


def _why_silent(circuit: LIFCircuit, name: str) -> str | None:
    """Why a neuron is silent at one of the usual corners."""
    there = next((corner_circuit(circuit, corner) for corner in CORNERS if corner.name == name), None)
    return there and silence(there)


MOST_DIFFERENCE = 0.02  # ASSUMED: what a circuit team would sign


def simulated_corners(circuit: LIFCircuit, runs: Sequence[CornerRun]) -> dict[str, Any]:
    """The neuron at its bias in ngspice beside the transient engine: one row per corner, and the worst difference."""
    worst = {"rate": max(abs(run.rate_error) for run in runs), "energy": max(abs(run.energy_error) for run in runs)}
    return {
        "device": circuit.device.name,
        "v_gs_v": circuit.v_gs,
        "corners": len(runs),
        "corners_that_spike": sum(run.rate_ngspice > 0 for run in runs),
        "worst_rate_difference": worst["rate"],
        "worst_energy_difference": worst["energy"],
        "most_difference": MOST_DIFFERENCE,
        "passed": max(worst.values()) <= MOST_DIFFERENCE,
        "rows": [
            {
                "corner": run.corner,
                "engine_hz": run.rate_engine,
                "ngspice_hz": run.rate_ngspice,
                "rate_difference": run.rate_error,
                "engine_j": run.energy_engine,
                "ngspice_j": run.energy_ngspice,
                "energy_difference": run.energy_error,
                "why_silent": None if run.rate_engine else _why_silent(circuit, run.corner),
            }
            for run in runs
        ],
    }
