"""From recordings to what drives a chip: lengths, loudness, lines, gains and spikes, each worked out by hand."""

import numpy as np
import pytest

from circuits.network.spikes import spike_trains
from snn.audio.examples import load_examples
from snn.data.corpora.clip import Clip
from snn.networks.spike_bins import count_features, gated
from snn.networks.tuning import chip_inputs, tune
from snn.recipes.recipe import parse_recipe


def recipe(*settings):
    return parse_recipe('name = "tiny"\nkind = "reservoir"\n[reservoir]\nlattice = [2, 2, 3]', settings)


def clips(*rows):
    return tuple(map(np.array, rows))


def heard(made, *settings, n_signals=0):
    """What a recipe's front end makes of clips, of sound at 8 kHz or of so many signals."""
    return load_examples(made, recipe(*settings).ear.at(8000, n_signals))


def test_a_signal_has_a_line_for_above_below_rise_and_fall():
    """Values 0, 1, 3 and back to 1, about their mean 1.25; every line is then scaled to the same mean."""
    rows = clips([[0.0], [1.0], [3.0], [1.0]])
    chosen = recipe("exponent=1", "level=none")
    tuning = tune(rows, chosen, True)
    assert tuning.centre == pytest.approx([1.25])
    (driven,) = chip_inputs(rows, tuning, chosen)
    expected = [[0, 1.25, 0, 0], [0, 0.25, 1, 0], [1.75, 0, 2, 0], [0, 0.25, 0, 2]]
    np.testing.assert_allclose(driven, expected, atol=1e-12)
    means = (driven * tuning.scale).mean(axis=0)
    np.testing.assert_allclose(means, means[0])


def test_gains_make_all_lines_alike_and_the_loudest_moment_of_a_clip_one_in_the_mean():
    rng = np.random.default_rng(0)
    quiet, loud = (rng.uniform(0.1, 1, (30, 3)) * level * [1.0, 5.0, 0.2] for level in (0.3, 2.0))
    tuning = tune(clips(quiet, loud), recipe(), False)
    scaled = [rows * tuning.scale for rows in (quiet, loud)]
    assert np.mean([rows.max() for rows in scaled]) == pytest.approx(1.0)
    np.testing.assert_allclose(np.concatenate(scaled).mean(axis=0), np.concatenate(scaled).mean(), rtol=1e-9)


def test_the_input_neurons_gain_counts_once():
    """Loudness of a levelled clip peaks at 1 after the gain that the input layer has; what drives it comes before."""
    rows = clips(np.random.default_rng(1).uniform(0, 1, (30, 3)) * [1.0, 5.0, 0.2])
    tuning = tune(rows, recipe(), False)
    (driven,) = chip_inputs(rows, tuning, recipe("level=clip"))
    assert (driven * tuning.scale).max() == pytest.approx(1.0)
    np.testing.assert_allclose(driven / rows[0], (driven / rows[0])[0, 0])


def test_a_spike_of_another_encoder_lies_in_the_middle_of_its_row():
    """Send-on-delta: a jump of two thresholds in row 3 is two spikes, one in that row and one in the next."""
    rows = clips(np.repeat([0.0, 1.0], [3, 5])[:, None])
    chosen = recipe("input.kind=delta", "delta_threshold=0.45", "row_s=0.01", "level=none")
    (spikes,) = chip_inputs(rows, tune(rows, chosen, False), chosen)
    np.testing.assert_allclose(spikes.times, [0.035, 0.045])
    assert (spikes.neurons.tolist(), spikes.n_neurons, spikes.duration) == ([0, 0], 2, pytest.approx(0.08))


def test_a_signal_keeps_its_own_length_up_to_the_longest(tmp_path):
    made = []
    for k, n in enumerate((25, 50, 400)):  # at 50 Hz: 0.5, 1 and 8 s
        path = tmp_path / f"{k}.csv"
        path.write_text("# sample_rate: 50\nx,y\n" + "".join(f"{i},{-i}\n" for i in range(n)))
        made.append(Clip(path, k, "", "train"))
    told = heard(made, "ear.duration_s=2", "row_s=0.02", n_signals=2)
    assert [len(rows) for rows in told.features] == [25, 50, 100]
    np.testing.assert_allclose(told.lengths, [0.5, 1.0, 8.0])


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_loudness_is_the_amplitude_to_the_exponent_of_the_recipe(spoken, exponent):
    clip = [Clip(spoken / "low" / "00.wav", 0, "", "train")]
    plain, raised = (heard(clip, f"exponent={e}", "ear.n_channels=5", "bank=mel").features[0] for e in (0.5, exponent))
    np.testing.assert_allclose(raised, plain ** (exponent / 0.5), rtol=1e-9)


def test_the_ear_hears_between_the_frequencies_of_the_recipe(spoken):
    """A tone of 2.5 kHz is heard up to 4 kHz and not up to 1 kHz."""
    clip = [Clip(spoken / "high" / "00.wav", 0, "", "train")]
    wide, narrow = (
        heard(clip, f"ear.f_max_hz={f}", "ear.n_channels=5", "exponent=1").features[0].max() for f in (4000, 1000)
    )
    assert narrow < 0.2 * wide


@pytest.mark.parametrize("bins", ["clip", "fixed"])
def test_each_line_of_the_readout_that_learns_gets_the_count_of_its_bin(bins):
    """A replay at another pace changes no bin: clips of 0.1 and 0.7 s, four bins of 50 ms or four parts of the clip."""
    rng, config = np.random.default_rng(2), recipe(f"bins={bins}", "n_bins=4", "width_s=0.05").readout
    trains = [spike_trains([np.sort(rng.uniform(0, t, 20)) for _ in range(3)], t) for t in (0.1, 0.7)]
    lines = gated(trains, config)
    np.testing.assert_array_equal([clip.counts for clip in lines], count_features(trains, config))
    for clip in lines:
        assert clip.duration == pytest.approx(0.2)
        at = (clip.times / 0.05).astype(int)
        np.testing.assert_array_equal(at, clip.neurons // 3)  # and comes in its own bin
