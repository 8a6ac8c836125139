"""A trained chip signed off: clips through ngspice and through the engine, spikes, answers and energy by both."""

from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.ledger import Ledger
from circuits.netlist.core_lib import CORE_FILE
from circuits.network.spikes import SpikeTrains
from circuits.signoff import (
    SignOff,
    core_sha256,
    core_text,
    handed_over,
    pooled,
    read_core,
    sign_off_corners,
    sign_offs,
)
from circuits.signoff.run import TIMEOUT_S
from circuits.units import Seconds
from snn.experiments.read_clips import open_data, read_clips
from snn.experiments.run_folder import Run, require_kind
from snn.networks.reservoir_model import ReservoirModel
from snn.reporter import Reporter

# ASSUMED: what a circuit team would sign. Timing finds a wrong delay, pulse or threshold, far shorter than a bin; that
# of the worst neuron finds one that is wrong in one neuron, and a single supply what the sum of all would hide.
LIMITS = {
    "least_spikes": 1,  # silence proves nothing
    "least_matched_spikes": 0.99,
    "least_class_agreement": 1.0,
    "most_supply_energy_error": 0.02,
    "most_p95_timing_error_bins": 0.1,
    "most_worst_neuron_error_bins": 0.05,
    "most_output_level_error": 0.01,
    "most_output_pulse_error": 0.01,
}


def sign_off_run(
    run: Run,
    n_clips: int,
    *,
    deck: str | Path | None = None,
    own_cell: bool = False,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    n_jobs: int = 2,
    reporter: Reporter = Reporter(),
) -> dict[str, Any]:
    """Sign off `n_clips` test clips, drawn with `seed`: what `snn signoff --json` prints.

    Args:  deck: folder of a hand-over, whose core is run as it stands there; None: the core as it would be exported.
    own_cell: whether cells and lines of that core may be other ones than this version writes, judged by what they do.
    Two spikes match within one bin of a millisecond of speech. `passed` says whether all of `LIMITS` are kept.
    Raises: InputError for another kind of run, no clip or a network that has no deck; as `circuits.signoff.sign_off`
    and, before anything is simulated, `read_core`.
    """
    model, recipe = require_kind(run, "reservoir").model, run.recipe
    _require_core(run, n_clips)
    reservoir, corpus = model.reservoir, open_data(recipe, run.data)
    core = core_text(reservoir.chip) if deck is None else handed_over(deck, reservoir.chip)
    reading = read_core(core, reservoir.chip, CORE_FILE if deck is None else Path(deck) / CORE_FILE)
    clips = read_clips(recipe, corpus, "test", model.front_end, reporter)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(clips))[:n_clips])
    stimuli = [reservoir.stimulus(x) for x in model.drive([clips.features[i] for i in chosen])]
    pairs = [(stimulus, reservoir.simulate(stimulus)) for stimulus in stimuli]
    bin_s = 1e-3 / reservoir.acceleration
    reporter.on_stage("running ngspice", 0, 0)
    how = {"core": core, "bin": bin_s, "timeout_s": timeout_s, "n_jobs": n_jobs}
    signed = sign_offs(reservoir.chip, pairs, **how)
    corners = sign_off_corners(reservoir.chip, stimuli[0], **how)
    engine = [SpikeTrains(e.spike_times, e.spike_neurons, reservoir.network.n_neurons, s.duration) for s, e in pairs]
    predicted = [_predicted(model, trains) for trains in (engine, [result.spikes for result in signed])]
    found = compared(signed, bin_s) | {"class_agreement": float(np.mean(np.equal(*predicted)))}
    found |= {"deck": str(Path(deck) / CORE_FILE) if deck is not None else None, "deck_sha256": core_sha256(core)}
    found |= {"synapses_seen": reading.synapses_seen, "not_as_written": list(reading.foreign)}
    found["corners"] = [_corner(name, result, bin_s) for name, result in corners.items()]
    labels = np.array(run.labels)
    said = zip(signed, labels[clips.labels.numpy()[chosen]], *(labels[answers] for answers in predicted), strict=True)
    ours = own_cell or not reading.foreign
    passed = ours and is_passed(found) and all(corner["passed"] for corner in found["corners"])
    return found | {"passed": passed, "limits": LIMITS, "clips": [_row(*clip) for clip in said]}


def _corner(name: str, result: SignOff, bin_s: Seconds) -> dict[str, Any]:
    found = compared([result], bin_s)
    return {"corner": name, "passed": is_passed(found)} | found


def _require_core(run: Run, n_clips: int) -> None:
    """Raise InputError where there is nothing to sign off."""
    if n_clips < 1:
        raise InputError(f"clips must be at least 1, got {n_clips}")
    if reason := run.model.chip().synapse.without_circuit:
        raise InputError(reason)
    if run.recipe.input.kind != "lif":
        raise InputError(
            f"the inputs of this run are spikes of kind {run.recipe.input.kind}, no neurons to sign off; "
            "train with input.kind = lif"
        )


def _predicted(model: ReservoirModel, clips: list[SpikeTrains]) -> np.ndarray:
    """The readout's answers to spikes in chip time, `(clip,)`."""
    n_input, speed = model.reservoir.n_input, model.reservoir.acceleration
    own = (clip.select(n_input, clip.n_neurons) for clip in clips)
    return model.score([SpikeTrains(c.times * speed, c.neurons, c.n_neurons, c.duration * speed) for c in own]).argmax(
        1
    )


def is_passed(found: dict[str, Any]) -> bool:
    """Whether what was found keeps all of `LIMITS`; answers count where there are any."""
    late, worst = found["timing_error_s"]["p95"], found["worst_neuron_error_s"]
    energies = zip(found["energy_parts_spice_j"].values(), found["energy_parts_engine_j"].values(), strict=True)
    return bool(
        found["n_spikes"] >= LIMITS["least_spikes"]
        and late is not None
        and found["matched_spikes"] >= LIMITS["least_matched_spikes"]
        and found.get("class_agreement", 1.0) >= LIMITS["least_class_agreement"]
        and all(abs(spice - engine) <= LIMITS["most_supply_energy_error"] * engine for spice, engine in energies)
        and found["output_level_error"] <= LIMITS["most_output_level_error"]
        and found["output_pulse_error"] <= LIMITS["most_output_pulse_error"]
        and late <= LIMITS["most_p95_timing_error_bins"] * found["bin_s"]
        and worst <= LIMITS["most_worst_neuron_error_bins"] * found["bin_s"]
    )


def compared(signed: list[SignOff], bin_s: Seconds) -> dict[str, Any]:
    """All clips together, both simulators: spikes matched, their timing, and the energy of each supply (J)."""
    matching = pooled([result.matching for result in signed])
    spice, engine = (sum(of, Ledger()) for of in zip(*((r.energy_spice, r.energy_engine) for r in signed), strict=True))
    return {
        "n_clips": len(signed),
        "bin_s": bin_s,
        "n_spikes": matching.n_expected,
        "matched_spikes": matching.matched,
        "timing_error_s": matching.timing_error,
        "worst_neuron_error_s": matching.worst_neuron,
        "output_level_error": max(result.outputs.level_error for result in signed),
        "output_pulse_error": max(result.outputs.pulse_error for result in signed),
        "energy_spice_j": spice.total,
        "energy_engine_j": engine.total,
        "energy_error": spice.total / engine.total - 1,
        "energy_parts_spice_j": spice.parts,
        "energy_parts_engine_j": engine.parts,
    }


def _row(result: SignOff, label: str, engine: str, spice: str) -> dict[str, Any]:
    return {
        "label": str(label),
        "engine": str(engine),
        "ngspice": str(spice),
        "spikes": result.matching.n_expected,
        "matched": result.matching.matched,
        "energy_error": result.energy_error,
    }
