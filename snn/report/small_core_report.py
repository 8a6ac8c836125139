"""What `snn neuron --level transistor --network` prints: a small core in transistors beside the engine."""

from typing import Any

import numpy as np

from circuits.signoff.small_core import BIN_OF_INTERVAL, LEAST_MATCHED, SmallSignOff

IDEAL = (
    "supplies, gate biases and input spikes",
    "the line of a row: a timer of delay and pulse, started by the rising edge of a neuron's output, and its driver",
    "junctions of the tunnelling devices carry nothing; no wires but those of the cell",
)


def small_core_rows(found: SmallSignOff) -> dict[str, Any]:
    """Spikes matched, their error in time, energy of both by supply, each neuron, and what is ideal."""
    core, matching = found.core, found.matching
    transistors, engine = found.energy_transistor, found.energy_engine
    return {
        "neurons": core.n_neurons,
        "inputs": core.n_inputs,
        "crosspoints": (core.n_inputs + core.n_neurons) * core.n_neurons,
        "seed": core.seed,
        "duration_s": core.duration,
        "spikes_of_transistors": matching.n_simulated,
        "spikes_of_engine": matching.n_expected,
        "matched_spikes": matching.matched,
        "bar_matched_spikes": LEAST_MATCHED,
        "passed": found.passed,
        "mean_interval_s": found.mean_interval,
        "bin_s": matching.bin,
        "bin_of_interval": BIN_OF_INTERVAL,
        **{f"timing_error_{name}_s": value for name, value in matching.timing_error.items()},
        "comparator_delay_s": float(np.mean([one.comparator_delay for one in found.calibrations])),
        "energy_of_transistors_j": transistors.total,
        "energy_of_engine_j": engine.total,
        "energy_error": transistors.total / engine.total - 1,
        "by_supply": {"transistors_j": transistors.parts, "engine_j": engine.parts},
        "worst_error_of_calibration": max(one.worst_error for one in found.calibrations),
        "rows": _neurons(found),
        "ideal": list(IDEAL),
        "notes": [
            "an output of the engine comes the comparator's delay after its spike: t_refractory less the width of the "
            "simulated output",
            "each neuron's constants are fitted under the load of its own crosspoints",
        ],
    }


def _neurons(found: SmallSignOff) -> list[dict[str, Any]]:
    return [
        {
            "neuron": i,
            "spikes_of_transistors": int(found.spikes.counts[i]),
            "spikes_of_engine": int(found.expected.counts[i]),
            "c_mem_f": one.circuit.c_mem,
            "v_threshold_v": one.circuit.v_threshold,
            "t_refractory_s": one.circuit.t_refractory,
        }
        for i, one in enumerate(found.calibrations)
    ]
