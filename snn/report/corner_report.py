"""What `snn corners` prints: mismatched neurons at the corners of process, supply and temperature."""

from dataclasses import fields
from typing import Any

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import circuit_notes
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
