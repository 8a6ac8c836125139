"""Two ways to the same joules: the counts that a report charges for, and the supply current the engine integrates."""

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.network.spec import EXTERNAL_INPUT
from snn.networks.reservoir import build_reservoir, draw_wiring, engine_energy, measure
from snn.networks.tuning import Tuning, chip_inputs, n_lines
from snn.recipes.recipe import load_recipe

SETTINGS = {
    "chip": (),
    "inhibition": ("inhibitory=0.2", "n_synapses=240", "signed_input=true", "w_ie=0.5"),
    "delta": ("input.kind=delta", "n_synapses=256"),
    "order 1": ("order=1",),
    "slow chip": ("neuron.acceleration=200",),
}


def heard(settings, n_clips=3):
    """Clips of a sweep over the channels, of several lengths, through the chip."""
    recipe, rng = load_recipe("chip-20-36", settings), np.random.default_rng(0)
    row, channel = np.arange(150)[:, None], np.arange(20)
    sweep = np.exp(-(((row / 7.5 - channel) / 3) ** 2))
    clips = [sweep[: 150 - 20 * k] * rng.uniform(0.5, 1, (150 - 20 * k, 20)) for k in range(n_clips)]
    tuning = Tuning(np.ones(20), np.zeros(0))
    wires = draw_wiring(recipe, n_lines(tuning, recipe), rng)
    reservoir, inputs = build_reservoir(recipe, np.ones(20), wires), chip_inputs(clips, tuning, recipe)
    return reservoir, inputs, reservoir.respond_all(inputs)


@pytest.fixture(scope="module", params=SETTINGS)
def both(request):
    """The engine's energy of a clip, and the report's, part by part."""
    reservoir, inputs, responses = heard(SETTINGS[request.param])
    chip, activity = load_chip("btbt-45rfsoi", reservoir.chip), measure(reservoir, inputs, responses)
    report = chip.price(reservoir.network, activity, chip.place(reservoir.network, activity))
    return reservoir, responses, engine_energy(responses), report


def test_the_report_and_the_engine_agree_on_the_energy_of_a_clip(both):
    _, _, engine, report = both
    assert report.ledger.total == pytest.approx(engine.total, rel=0.01, abs=0)


def test_they_agree_part_by_part(both):
    """Switching, static power, and charge from V_DS; the report puts those of the input neurons into one part."""
    reservoir, responses, engine, report = both
    own = slice(0 if reservoir.network.n_external else reservoir.n_input, None)
    of = {name: np.mean([response.energy.parts[name][own].sum() for response in responses]) for name in engine.parts}
    parts, close = report.ledger.parts, {"rel": 1e-6, "abs": 0}
    assert parts["neuron_dynamic"] == pytest.approx(of["control"] + of["reset"] + of["crowbar"], **close)
    assert parts["neuron_static"] == pytest.approx(of["static"], **close)
    assert parts["synapse_events"] == pytest.approx(of["membrane_charge"] + of["membrane_leak"], rel=0.02, abs=0)
    inputs = engine.total - sum(of.values())
    assert parts.get("encoder", 0.0) == pytest.approx(inputs, rel=1e-6, abs=1e-15 * engine.total)


def test_the_measured_activity_is_that_of_the_mean_clip(both):
    reservoir, responses, _, _ = both
    activity = measure(reservoir, [np.zeros((1, 20))] * 3, responses)
    counts = np.mean([response.spikes.counts for response in responses], axis=0)
    told = np.concatenate([activity.of(name) for name in _populations(reservoir)])
    np.testing.assert_allclose(told, counts)
    assert activity.spikes_per_inference == pytest.approx(counts.sum())
    rows = activity.duration / reservoir.network.dt
    assert rows == pytest.approx(130)  # the mean of 150, 130 and 110


def test_synaptic_operations_are_spikes_times_synapses(both):
    reservoir, responses, _, report = both
    fan_out = np.concatenate([np.count_nonzero(reservoir.network.layer("reservoir").crossbar, axis=1)])
    counts = np.mean([response.spikes.counts for response in responses], axis=0)
    assert report.counts["synaptic_operations"] == pytest.approx(counts @ fan_out)


def _populations(reservoir):
    return (EXTERNAL_INPUT, "reservoir") if reservoir.network.n_external else ("input", "reservoir")
