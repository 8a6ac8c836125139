"""What `snn corners` prints: mismatched neurons at the corners of process, supply and temperature."""

from dataclasses import fields
from typing import Any

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import circuit_notes
from circuits.neuron.silence import silence, silence_temperature
from circuits.variation.corners import Corner, corner_circuit
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
