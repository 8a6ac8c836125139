"""`snn spread`: the same chips at every condition, whatever the threads; rows, sentences and pictures follow."""

import json
from dataclasses import replace

import numpy as np
import pytest

from circuits.ledger import ledger_of
from circuits.neuron.synapse import SynapseKernel
from circuits.variation.chip_calibration import CALIBRATION
from circuits.variation.chip_spread import TYPICAL, Condition, perturbed
from circuits.variation.mismatch import Spread
from snn.data.corpora.open_corpus import open_corpus
from snn.experiments.evaluate import evaluate
from snn.experiments.read_clips import read_clips
from snn.experiments.run_folder import Run
from snn.networks.reservoir import build_reservoir, draw_wiring
from snn.networks.reservoir_model import ReservoirModel
from snn.networks.spike_bins import count_features
from snn.networks.tuning import Tuning
from snn.plasticity.least_squares import fit_ridge
from snn.recipes.recipe import parse_recipe
from snn.report.spread_figures import COLOURS, figure_mismatch, figure_sweep
from snn.report.spread_report import plot_spread, spread_report
from snn.studies import spread as study_module
from snn.studies.one_chip import Chip, ChipResult, Driven, _run, retrained, run_chip
from snn.studies.spread import SWEEPS, VARIANTS, SpreadRow, StudyConfig, spread_study, study_run

RECIPE = parse_recipe("""
name = "tiny"
kind = "reservoir"
[ear]
n_channels = 3
bank = "mel"
[input]
gain = 10.0
[reservoir]
lattice = [2, 2, 1]
fan_out = 2
w_input = 1.1
[readout]
n_bins = 2
""")
RNG = np.random.default_rng(0)
LABELS = np.arange(6) % 3
INPUTS = [np.clip(np.eye(3)[label] + 0.3 * RNG.random((12, 3)), 0, 1) for label in LABELS]  # a channel for each label
CLIPS = Driven(INPUTS, LABELS)
CONFIG = StudyConfig(n_chips=2, seed=5)


def _model() -> ReservoirModel:
    wires = draw_wiring(RECIPE, 3, np.random.default_rng(1))
    responses = build_reservoir(RECIPE, np.ones(3), wires).respond_all(INPUTS, n_jobs=1)
    features = count_features([response.spikes.select(3, 7) for response in responses], RECIPE.readout)
    tuning, readout = Tuning(np.ones(3), np.zeros(0)), fit_ridge(features, LABELS, 3, 1e-3)
    front_end = RECIPE.ear.at(8000, 0)
    return ReservoirModel(RECIPE, front_end, ("high", "low", "middle"), tuning, wires, readout, np.zeros((0, 0)))


@pytest.fixture(scope="module")
def model() -> ReservoirModel:
    return _model()


@pytest.fixture(scope="module")
def study(model):
    return spread_study(model, CLIPS, CONFIG, n_jobs=1)


@pytest.mark.parametrize("pulse_s", [0.0005, 0.004])
def test_devices_are_those_of_the_recipes_pulse(model, pulse_s):
    """A shorter pulse takes a larger current, so another gate bias, which low supply weakens by another factor."""
    recipe = replace(RECIPE, reservoir=replace(RECIPE.reservoir, pulse_s=pulse_s))
    chip = replace(model, settings=recipe)
    condition, net = Condition(supply=0.9), chip.reservoir.chip
    assert net.synapse.t_pulse == pulse_s / recipe.neuron.acceleration
    expected, _ = perturbed(net, condition)
    _, found, _ = _run(chip, Chip(TYPICAL, None, model.readout), condition, Driven(INPUTS[:1], LABELS[:1]))
    np.testing.assert_array_equal(
        found.network.layer("reservoir").recurrent, expected.network.layer("reservoir").recurrent
    )
    other, _ = perturbed(replace(net, synapse=SynapseKernel()), condition)
    assert not np.allclose(
        found.network.layer("reservoir").weights, other.network.layer("reservoir").weights, rtol=0.05
    )


def rows(study, **wanted):
    found = [row for row in study.rows if all(row.as_dict()[key] == value for key, value in wanted.items())]
    assert found, wanted
    return found


def test_every_condition_has_every_variant_and_the_nominal_chip_is_one(study):
    n_conditions = sum(len(conditions) for conditions in SWEEPS.values())
    assert len(study.rows) == 1 + n_conditions * len(VARIANTS)
    assert [len(row.chips) for row in study.rows] == [1] + [2] * n_conditions * len(VARIANTS)
    assert study.rows[0].as_dict()["accuracy_mean"] == 1.0  # the readout was trained on these clips


def test_results_follow_the_seed_and_not_the_threads(model, study, monkeypatch):
    short = {"mismatch": SWEEPS["mismatch"], "supply": SWEEPS["supply"]}
    monkeypatch.setattr(study_module, "SWEEPS", short)
    for n_jobs, seed in ((3, 5), (1, 6)):
        again = spread_study(model, CLIPS, replace(CONFIG, seed=seed), n_jobs=n_jobs)
        first = [row.energy.tolist() for row in study.rows if row.sweep in short]
        assert ([row.energy.tolist() for row in again.rows[1:]] == first) == (seed == 5)


def test_more_chips_leave_the_first_ones(model, study, monkeypatch):
    monkeypatch.setattr(study_module, "SWEEPS", {"mismatch": SWEEPS["mismatch"]})
    more = spread_study(model, CLIPS, replace(CONFIG, n_chips=3))
    np.testing.assert_array_equal(more.rows[1].energy[:2], rows(study, sweep="mismatch")[0].energy)


def test_without_mismatch_a_calibrated_chip_is_the_nominal_one(model):
    """The code 0 is a code, and it is the nearest."""
    plain, calibrated = (
        run_chip(model, Chip(TYPICAL, how, model.readout), Condition(), CLIPS) for how in (None, CALIBRATION)
    )
    assert vars(plain) == vars(calibrated)
    quiet = replace(CONFIG, spread=Spread(0, 0, 0, 0), n_chips=1)
    result = spread_study(model, CLIPS, quiet)
    assert result.rows[1].energy.tolist() == result.rows[0].energy.tolist()


def test_calibration_brings_spikes_back_where_temperature_took_them(study, model, monkeypatch):
    """Cold; and hot where the leak tunnels. One that grows as an off-current silences the chip, and that is told."""
    nominal = rows(study, sweep="nominal")[0].as_dict()["spikes_mean"]
    cold = rows(study, sweep="temperature", temperature_k=233.15)
    hot = [row for row in spread_report(study)["rows"] if row["condition"] == "125 C"]
    monkeypatch.setattr(study_module, "SWEEPS", {"temperature": SWEEPS["temperature"][-1:]})
    tunnelling = spread_study(model, CLIPS, replace(CONFIG, leak="tunnelling")).rows[1:]
    for (made, *knobbed), lost in ((cold, 0.5), (tunnelling, 1.5)):
        assert (made.as_dict()["spikes_mean"] < lost * nominal) == (lost < 1)
        for row in knobbed:
            assert row.as_dict()["spikes_mean"] == pytest.approx(nominal, rel=0.25)
    assert [row["spikes_mean"] for row in hot] == [0.0] * len(VARIANTS)
    leaks, currents = (np.exp(ev / 8.617333e-5 * (1 / 300 - 1 / 398.15)) for ev in (0.47, 0.16))
    said = f"silent: leaks are {leaks:.3g} times those at nominal, currents {currents:.3g} times"
    assert {row["why_silent"] for row in hot} == {said}


def test_static_energy_follows_temperature_and_supply(study):
    """0.254 eV, 11 times at 125 degrees; V_DD to the power 2.56 at the same duration, 1.56 of it of the current."""
    static = {(r["temperature_k"], r["supply"]): r["static_mean_j"]
              for r in (row.as_dict() for row in study.rows if row.sweep != "corner")}  # fmt: skip
    assert static[300.0, 1.1] / static[300.0, 0.9] == pytest.approx((1.1 / 0.9) ** 2.56, rel=1e-3)
    hotter = np.exp(0.254 / 8.617333e-5 * (1 / 300 - 1 / 398.15))
    assert static[398.15, 1.0] / static[300.0, 1.0] == pytest.approx(hotter, rel=0.01)


def test_a_readout_of_its_own_tells_the_clips_that_it_was_fitted_on(model, monkeypatch):
    """Mismatch so strong that the nominal readout fails: what the chip does still tells the labels apart."""
    monkeypatch.setattr(study_module, "SWEEPS", {"mismatch": SWEEPS["mismatch"]})
    rough = replace(CONFIG, n_chips=6, spread=Spread(0.04, 0.01, 0.04, 0.1))
    result = spread_study(model, CLIPS, rough, train=CLIPS)
    accuracy = {row.variant: row.accuracy for row in result.rows[1:]}
    assert list(accuracy) == [*VARIANTS, "retrained"]
    assert np.median(accuracy["retrained"]) == 1.0
    assert accuracy["retrained"].mean() > accuracy["trimmed"].mean() + 0.1
    np.testing.assert_array_equal(result.rows[-1].energy, result.rows[-2].energy)  # the same chips
    assert "retrained: readout fitted" in figure_mismatch(result).axes[0].texts[0].get_text()


def test_the_report_is_plain_data_and_names_what_is_assumed(study):
    report = json.loads(json.dumps(spread_report(study)))
    assert report["n_chips"] == 2
    assert report["n_clips"] == len(LABELS)
    assert len(report["rows"]) == len(study.rows)
    row = report["rows"][1]
    conditions = list(dict.fromkeys(row["condition"] for row in report["rows"]))
    assert conditions[:3] == ["nominal", "mismatch", "-40 C"]
    assert conditions[6:10] == ["90% supply", "110% supply", "1 year", "10 years"]
    assert conditions[-1] == "125 C, 110% supply, FF"
    assert row["accuracy_min"] <= row["accuracy_p5"] <= row["accuracy_mean"]
    assert any("by 0.47 eV, as a transistor that is off" in line for line in report["assumptions"])
    assert any("V_DS = 0.81 V" in line for line in report["notes"])
    assert not any("which no gate bias reaches" in line for line in report["notes"])
    hot = next(row for row in study.rows if row.condition.temperature == 398.15)
    weak = replace(hot, chips=tuple(replace(chip, below_floor=6) for chip in hot.chips))
    noted = spread_report(replace(study, rows=(*study.rows, weak)))["notes"]
    assert any("which no gate bias reaches" in line and "398.15 K" in line for line in noted)
    assert [row["why_silent"] for row in report["rows"] if not row["spikes_mean"]] == [
        row["why_silent"] for row in report["rows"] if row["why_silent"]
    ]


def test_a_tunnelling_leak_is_said(model, monkeypatch):
    monkeypatch.setattr(study_module, "SWEEPS", {"supply": SWEEPS["supply"]})
    report = spread_report(spread_study(model, CLIPS, replace(CONFIG, n_chips=1, leak="tunnelling")))
    assert any("follows all the others" in line for line in report["assumptions"])


def test_pictures_show_every_variant_over_every_condition(study, tmp_path):
    for sweep, points in (("temperature", 5), ("supply", 3), ("years", 3)):
        accuracy, energy = figure_sweep(study, sweep).axes
        for axes in (accuracy, energy):
            lines = [line for line in axes.lines if len(line.get_xdata()) == points and line.get_marker() == "o"]
            assert [line.get_color() for line in lines] == [COLOURS[variant] for variant in VARIANTS]
            assert all(np.all(np.diff(line.get_xdata()) > 0) for line in lines)
    hot = rows(study, sweep="temperature", temperature_k=398.15, variant="as made")[0]
    drawn = figure_sweep(study, "temperature").axes[1].lines[0]
    assert drawn.get_xdata()[-1] == pytest.approx(125.0)
    assert drawn.get_ydata()[-1] == pytest.approx(hot.energy.mean())
    bars = [patch.get_height() for patch in figure_mismatch(study).axes[0].patches]
    assert sum(bars) == 2 * len(VARIANTS)
    paths = plot_spread(study, tmp_path / "pictures")
    assert {path.name for path in paths} == {f"spread_{n}.png" for n in ("mismatch", "temperature", "supply", "years")}
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_what_cannot_be_studied_or_drawn_is_refused(study):
    with pytest.raises(ValueError, match="chips = 0, clips = 100; give 1 to 10,000"):
        StudyConfig(n_chips=0)
    with pytest.raises(ValueError, match=r"StudyConfig\.seed must be zero or positive, got -1"):
        StudyConfig(seed=-1)
    with pytest.raises(ValueError, match="no picture over 'corner'"):
        figure_sweep(study, "corner")
    with pytest.raises(ValueError, match="no row of mismatch"):
        figure_mismatch(replace(study, rows=study.rows[:1]))


def test_a_run_is_studied_on_its_own_recordings(words, tmp_path, model, monkeypatch):
    """The nominal row is what `snn evaluate` tells of the same clips."""
    monkeypatch.setattr(study_module, "SWEEPS", {"mismatch": SWEEPS["mismatch"]})
    corpus = open_corpus(str(words))
    run = Run(tmp_path, RECIPE, str(words), corpus.sample_rate, model, None)
    study = study_run(run, StudyConfig(n_chips=1, n_clips=None, n_train=20))
    told = evaluate(model, read_clips(RECIPE, corpus, "test", model.front_end))
    assert (study.n_clips, study.n_train) == (told.activity.n_clips, 20)
    assert study.rows[0].accuracy.tolist() == [told.accuracy]
    assert study.rows[0].chips[0].spikes == pytest.approx(told.activity.spikes_per_inference, rel=1e-12, abs=0)
    assert study_run(run, StudyConfig(n_chips=1, n_clips=2)).n_clips == 2


@pytest.fixture
def mismatch_only(monkeypatch):
    monkeypatch.setattr(study_module, "SWEEPS", {"mismatch": SWEEPS["mismatch"]})


def test_no_two_chips_are_alike_and_a_spread_of_neurons_alone_is_enough(model, mismatch_only):
    """Thresholds and capacitors of the neurons differ, no tunnelling device does: the weights are nominal."""
    config = replace(CONFIG, n_chips=3, spread=Spread(0.0, 0.0, 0.02, 0.05))
    nominal, made, *_ = spread_study(model, CLIPS, config, n_jobs=1).rows
    assert len({*made.energy.tolist(), *nominal.energy.tolist()}) == 4


def test_the_leak_that_was_asked_for_is_that_of_every_condition(model, monkeypatch):
    monkeypatch.setattr(study_module, "SWEEPS", {"supply": SWEEPS["supply"], "years": SWEEPS["years"][:1]})
    for leak in ("body", "tunnelling"):
        rows = spread_study(model, CLIPS, replace(CONFIG, n_chips=1, leak=leak), n_jobs=1).rows
        assert {row.condition.leak for row in rows} == {leak}


def test_a_row_tells_mean_least_and_fifth_percentile_of_its_chips():
    """21 chips at 0, 5 ... 100 %: the fifth percentile is the second of them."""
    chips = tuple(
        ChipResult(k / 20, ledger_of({"static": 1.0 * k, "reset": 1.0}), 3.0 * k, k > 15, k) for k in range(21)
    )
    told = SpreadRow("mismatch", Condition(), "as made", chips).as_dict()
    assert (told["accuracy_mean"], told["accuracy_min"], told["accuracy_p5"]) == pytest.approx((0.5, 0.0, 0.05))
    assert (told["energy_mean_j"], told["static_mean_j"], told["spikes_mean"]) == pytest.approx((11.0, 10.0, 30.0))
    assert (told["n_chips"], told["chips_at_dac_limit"], told["devices_below_floor"]) == (21, 5, 10.0)


def test_a_retrained_readout_is_as_regularised_as_the_models_own(model):
    chip = Chip(TYPICAL, None, model.readout)
    for regularisation in (1e-3, 10.0):
        own = replace(model, readout=replace(model.readout, regularisation=regularisation))
        fitted = retrained(own, chip, Condition(), CLIPS)
        features = count_features(
            [r.spikes.select(3, 7) for r in own.reservoir.respond_all(INPUTS, n_jobs=1)], RECIPE.readout
        )
        np.testing.assert_allclose(fitted.weights, fit_ridge(features, LABELS, 3, regularisation).weights)


def test_bands_reach_from_the_worst_chip_to_the_best(study):
    for axes, of in zip(figure_sweep(study, "supply").axes, ("accuracy", "energy"), strict=True):
        for variant, band in zip(VARIANTS, axes.collections, strict=True):
            rows = [r for r in study.rows if r.sweep in ("mismatch", "supply") and r.variant == variant]
            values = np.array([getattr(row, of) for row in sorted(rows, key=lambda row: row.condition.supply)])
            vertices = band.get_paths()[0].vertices[:, 1]
            assert (vertices.min(), vertices.max()) == pytest.approx((values.min(), values.max()), rel=1e-12, abs=0)
