"""A reservoir of BTBT circuits: its wiring, its spikes beside an exact simulation, and what time on the chip means."""

import heapq
import math
from dataclasses import replace

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.neuron.synapse import T_PULSE
from snn.networks.reservoir import Wires, build_reservoir, draw_wiring, measure
from snn.networks.tuning import Tuning, chip_inputs, n_lines
from snn.recipes.recipe import load_recipe, parse_recipe

SPEED = 1000.0
SMALL = """
name = "small"
kind = "reservoir"
[ear]
n_channels = 6
[input]
gain = 20.0
[reservoir]
lattice = [2, 2, 3]
inhibitory = 0.25
fan_out = 4
signed_input = true
w_ee = 0.3
w_ie = 0.4
"""


def small(*settings):
    return parse_recipe(SMALL, settings)


def drawn(recipe, seed=0):
    return draw_wiring(
        recipe, n_lines(Tuning(np.ones(recipe.ear.n_channels), np.zeros(0)), recipe), np.random.default_rng(seed)
    )


def built(recipe, seed=0):
    return build_reservoir(recipe, np.ones(recipe.ear.n_channels), drawn(recipe, seed))


def bumps(n_channels, n_rows=60, seed=0):
    """A clip: one channel after the other grows loud, with noise."""
    row, channel, rng = np.arange(n_rows)[:, None], np.arange(n_channels), np.random.default_rng(seed)
    return np.exp(-(((row / n_rows * n_channels - channel) / 1.5) ** 2)) * rng.uniform(0.5, 1, (n_rows, n_channels))


@pytest.mark.parametrize("seed", range(4))
def test_the_chip_has_20_inputs_36_neurons_and_256_synapses_of_one_weight_a_layer(seed):
    reservoir, wires = (make(load_recipe("chip-20-36"), seed) for make in (built, drawn))
    assert (reservoir.n_input, reservoir.n_reservoir, reservoir.n_synapses) == (20, 36, 256)
    assert [layer.n_neurons for layer in reservoir.network.layers] == [20, 36]
    for table in (wires.weights, wires.recurrent):
        assert len(np.unique(table)) == 2
        assert table.min() == 0 < table.max()
    assert (wires.weights > 0).sum() == 60
    assert ((wires.tau_mem >= 0.010) & (wires.tau_mem <= 0.040)).all()
    assert np.ptp(wires.tau_mem) > 0.01


@pytest.mark.parametrize(("fan_out", "inhibit"), [(4, 2), (3, 1), (1, 0)])
def test_every_second_synapse_of_a_signed_input_inhibits(fan_out, inhibit):
    weights = drawn(small(f"fan_out={fan_out}")).weights
    assert ((weights < 0).sum(axis=1) == inhibit).all()
    assert ((weights > 0).sum(axis=1) == fan_out - inhibit).all()
    assert set(np.abs(weights[weights != 0])) == {0.7}


def test_kinds_decide_the_sign_and_strength_of_a_synapse():
    recipe = small("w_ei=0.2", "w_ii=0.1", "r0=50", "k_ee=1", "k_ei=1", "k_ie=1", "k_ii=1")
    recurrent = drawn(recipe).recurrent
    inhibits = recurrent.min(axis=1) < 0
    assert inhibits.sum() == 3
    tables = {(a, b): recurrent[np.ix_(inhibits == a, inhibits == b)] for a in (0, 1) for b in (0, 1)}
    found = {kinds: set(table[table != 0]) for kinds, table in tables.items()}
    assert found == {(0, 0): {0.3}, (0, 1): {0.2}, (1, 0): {-0.4}, (1, 1): {-0.1}}


def exact_spikes(recipe, wires, rows) -> list[np.ndarray]:
    """Spike times (s, on the chip) from event to event; membranes in thresholds, every current constant between events.

    Input neurons get gain x rheobases, so gain x thresholds are where their membranes would rest.
    """
    n_in, n_out, dt = len(wires.weights), len(wires.tau_mem), recipe.ear.row_s / SPEED
    n, onto = n_in + n_out, np.vstack((wires.weights, wires.recurrent))
    tau = np.concatenate((np.full(n_in, recipe.input.tau_mem_s), wires.tau_mem)) / SPEED
    floor = recipe.neuron.v_sink_v / recipe.neuron.v_threshold_v
    refractory, delay = recipe.neuron.t_refractory_s / SPEED, recipe.reservoir.delay_s / SPEED
    v, free, drive, flow, spikes, t, count = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), [[] for _ in tau], 0, 0
    events = [(k * dt, k, "row", row) for k, row in enumerate(rows)] + [(len(rows) * dt, len(rows), "end", None)]
    heapq.heapify(events)
    while True:
        rest, since = drive + tau * flow / T_PULSE, np.maximum(t, free)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = np.where(rest > 1, since + tau * np.log((rest - v) / (rest - 1)), math.inf)
        fired = int(crossing.argmin())
        now = min(crossing[fired], events[0][0])
        v = np.maximum(rest + (v - rest) * np.exp(-np.maximum(now - since, 0) / tau), floor)
        t = now
        if crossing[fired] <= events[0][0]:
            v[fired], free[fired] = 0.0, t + refractory
            spikes[fired].append(t)
            for late, sign in ((delay, 1), (delay + T_PULSE, -1)):
                heapq.heappush(events, (t + late, 10**6 + (count := count + 1), "pulse", sign * onto[fired]))
            continue
        _, _, kind, value = heapq.heappop(events)
        if kind == "end":
            return [np.array(times) for times in spikes]
        if kind == "row":
            drive[:n_in] = recipe.input.gain * value
        else:
            flow[n_in:] += value


@pytest.mark.parametrize("seed", range(3))
def test_spikes_are_those_of_an_exact_simulation_from_event_to_event(seed):
    recipe, rows = small(), bumps(6, seed=seed)
    wires = drawn(recipe, seed)
    exact = exact_spikes(recipe, wires, rows)
    found = build_reservoir(recipe, np.ones(6), wires).respond(rows).spikes
    assert sum(map(len, exact[6:])) > 50
    for neuron, times in enumerate(exact):
        np.testing.assert_allclose(found.train(neuron), times * SPEED, rtol=1e-6)


def test_an_input_neuron_fires_as_often_as_its_gain_in_rheobases_says():
    """T = t_ref + tau ln(g / (g - 1)) at a constant current of g rheobases."""
    recipe = small("gain=5.0", "input.tau_mem_s=0.02")
    scale = np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    spikes = build_reservoir(recipe, scale, drawn(recipe)).respond(np.tile([1.0, 1.0, 0.5, 0.21, 0.19, 0.0], (200, 1)))
    for neuron, gain in enumerate((5.0, 10.0, 2.5, 1.05)):
        period = 0.002 + 0.02 * math.log(gain / (gain - 1))
        np.testing.assert_allclose(np.diff(spikes.spikes.train(neuron)), period, rtol=1e-6)
    assert (spikes.spikes.counts[4:6] == 0).all()


def test_speech_time_is_chip_time_times_the_acceleration():
    recipe = small()
    reservoir, rows = built(recipe), bumps(6)
    run, told = reservoir.simulate(reservoir.stimulus(rows)), reservoir.respond(rows).spikes
    np.testing.assert_allclose(told.times, run.spike_times * SPEED, rtol=1e-12)
    assert told.duration == pytest.approx(60 * 0.005)
    assert float(run.duration[0]) == pytest.approx(60 * 0.005 / SPEED, rel=1e-12, abs=0)


@pytest.mark.parametrize("speed", [250.0, 4000.0])
def test_a_faster_chip_tells_the_same_spikes_when_its_pulses_are_as_much_shorter(speed):
    rows, recipe = bumps(6), small()
    wires = drawn(recipe)
    plain = build_reservoir(recipe, np.ones(6), wires).respond(rows).spikes
    faster = build_reservoir(small(f"neuron.acceleration={speed}", "delay_s=0.001"), np.ones(6), wires)
    pulse = replace(faster.chip.synapse, t_pulse=T_PULSE * SPEED / speed)
    told = replace(faster, chip=replace(faster.chip, synapse=pulse)).respond(rows).spikes
    np.testing.assert_array_equal(told.counts, plain.counts)
    for neuron in range(18):
        np.testing.assert_allclose(told.train(neuron), plain.train(neuron), rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_decaying_synapses_keep_their_time_of_speech_at_any_acceleration(order):
    wires, rows = drawn(small()), bumps(6)
    told = [
        build_reservoir(small(f"order={order}", f"neuron.acceleration={speed}"), np.ones(6), wires).respond(rows)
        for speed in (500.0, 1000.0)
    ]
    assert told[0].spikes.counts[6:].sum() > 20
    np.testing.assert_allclose(told[0].spikes.times, told[1].spikes.times, rtol=1e-6)


def test_a_synapse_of_order_two_has_the_rise_and_fall_of_the_recipe():
    kernel = built(small("order=2")).chip.synapse
    assert (kernel.rise_exc, kernel.tau_exc, kernel.rise_inh, kernel.tau_inh) == pytest.approx(
        (4e-6, 8e-6, 2e-6, 4e-6), abs=0
    )


def test_the_same_seed_gives_the_same_spikes_on_any_number_of_threads():
    clips = [bumps(6, 30, seed) for seed in range(5)]
    one, two, again = (built(small(), seed=7).respond_all(clips, n_jobs=n_jobs) for n_jobs in (1, 3, 2))
    for a, b, c in zip(one, two, again, strict=True):
        np.testing.assert_array_equal(a.spikes.times, b.spikes.times)
        np.testing.assert_array_equal(a.spikes.neurons, c.spikes.neurons)
    assert not np.array_equal(drawn(small(), 7).recurrent, drawn(small(), 8).recurrent)


@pytest.mark.parametrize(("kind", "n_inputs"), [("bsa", 6), ("delta", 12)])
def test_spikes_of_another_encoder_pass_and_come_first(kind, n_inputs):
    recipe, rows = small(f"input.kind={kind}", "delta_threshold=0.2", "row_s=0.002"), bumps(6, 100)
    (clip,) = chip_inputs([rows], Tuning(np.ones(6), np.zeros(0)), recipe)
    reservoir = built(recipe)
    told = reservoir.respond(clip)
    assert reservoir.n_input == clip.n_neurons == n_inputs
    assert reservoir.network.n_external == n_inputs
    assert told.spikes.n_neurons == n_inputs + 12
    np.testing.assert_array_equal(told.spikes.select(0, n_inputs).times, clip.times)
    assert told.spikes.counts[n_inputs:].sum() > 0
    assert told.energy.static.shape == (12,)


def test_one_strong_spike_from_outside_fires_its_targets_after_delay_and_part_of_the_pulse():
    """Against the leak: v = w tau / t_pulse (1 - exp(-t / tau)) reaches 1."""
    recipe = small(
        "input.kind=delta",
        "ear.n_channels=3",
        "w_input=2.0",
        "signed_input=false",
        "k_ee=0",
        "k_ei=0",
        "k_ie=0",
        "k_ii=0",
    )
    wires = drawn(recipe)
    spikes = build_reservoir(recipe, np.ones(6), wires).respond(spike_trains([[0.02], *[[]] * 5], 0.1)).spikes
    targets = np.flatnonzero(wires.weights[0])
    assert sorted(spikes.neurons[1:] - 6) == list(targets)
    pulse = T_PULSE * SPEED
    for target in targets:
        tau = wires.tau_mem[target]
        rise = -tau * math.log(1 - pulse / (2.0 * tau))
        np.testing.assert_allclose(spikes.train(6 + target), 0.02 + 0.001 + rise, rtol=1e-9)


def test_a_reservoir_without_spikes_is_silent_and_pays_only_static_power():
    told = built(small()).respond(np.zeros((10, 6)))
    assert told.spikes.times.size == 0
    assert sum(part.sum() for part in told.energy.parts.values()) == told.energy.static.sum() > 0


def test_a_clip_of_other_channels_is_refused():
    with pytest.raises(ValueError, match="5 signals, but 'small' takes 6"):
        built(small()).respond(bumps(5))
    with pytest.raises(ValueError, match="7 spike trains, but 'small' has 6 channels"):
        built(small("input.kind=delta", "n_channels=3")).respond(SpikeTrains(np.zeros(0), np.zeros(0, int), 7, 1.0))


def test_more_synapses_than_can_be_drawn_are_refused_with_the_number_to_expect():
    with pytest.raises(ValueError, match="r0 = 2 gives"):
        drawn(small("n_synapses=20"))


def test_wires_that_do_not_fit_are_refused():
    wires = drawn(small())
    with pytest.raises(ValueError, match="recurrent has shape"):
        build_reservoir(small(), np.ones(6), Wires(wires.weights, wires.recurrent[:5, :5], wires.tau_mem))


def test_clips_of_other_lengths_count_by_their_mean():
    """20 and 60 rows of 5 ms: 0.2 s, a thousand times faster, and of each neuron half the spikes of both together."""
    reservoir, clips = built(small()), [bumps(6, 20), bumps(6, 60)]
    responses = [reservoir.respond(clip) for clip in clips]
    told = measure(reservoir, clips, responses)
    assert (told.n_clips, told.duration) == (2, pytest.approx(0.2e-3, abs=0))
    counts = (responses[0].spikes.counts + responses[1].spikes.counts) / 2
    np.testing.assert_array_equal(np.concatenate([told.spikes["input"], told.spikes["reservoir"]]), counts)
