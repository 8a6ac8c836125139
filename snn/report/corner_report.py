"""What `snn corners` prints: mismatched neurons at the corners of process, supply and temperature."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import circuit_notes
from circuits.signoff.corner_runs import CornerRun
from circuits.variation.corners import corner_circuit
from circuits.variation.mismatch import Spread
from circuits.variation.monte_carlo import MonteCarlo


def corner_figures(circuit: LIFCircuit, found: MonteCarlo) -> dict[str, Any]:
    """Mismatched neurons of a circuit: one row per corner."""
    spread = {f.name: getattr(Spread(), f.name) for f in fields(Spread)}
    return {
        "device": circuit.device.name,
        "v_gs_v": circuit.v_gs,
        "neurons": found.rate.shape[1],
        "assumptions": [
            f"mismatch, one standard deviation: {', '.join(f'{k} {v:g}' for k, v in spread.items())}",
            "process corners: shifts of circuits.variation.corners, none published",
        ],
        "notes": [
            f"{corner.name}: {note}"
            for corner in found.corners
            for note in circuit_notes(corner_circuit(circuit, corner))
            if "V_DS" not in note  # every corner of the supply has that one
        ],
        "rows": found.summary(),
    }


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
            }
            for run in runs
        ],
    }
