"""`snn neuron --level transistor`: what it prints, and what it refuses."""

import shutil

import pytest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--level", "transistors"), "there are behavioural and transistor"),
        (("--level", "transistor", "--rate", "50kHz"), "--rate with --level transistor"),
        (("--cards", "."), "add --level transistor"),
        (("--level", "transistor", "--cards", "{empty}"), "a folder of cards holds freepdk45_nom.spi"),
        (("--level", "transistor", "--cards", "{cards}", "--v-gs", "0.1"), "below its onset"),
        (("--level", "transistor", "--cards", "{cards}", "--supply", "-1"), "supply must be positive"),
        (("--sources",), "--sources: of the neuron from transistors only; add --level transistor"),
        (("--network", "--draws", "9"), "--draws, --network: of the neuron from transistors only"),
        (("--level", "transistor", "--sources", "--network"), "one at a time"),
        (("--level", "transistor", "--draws", "9"), "add --sources"),
        (("--level", "transistor", "--sources", "--supply", "0.5"), "--supply with --sources: not of this study"),
        (("--level", "transistor", "--network", "--plot", "a.png"), "--plot with --network"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_line(snn, tmp_path, arguments, told):
    cards, empty = tmp_path / "cards", tmp_path / "empty"
    for folder in (cards, empty):
        folder.mkdir()
    for file in ("freepdk45_nom.spi", "freepdk45_ff.spi", "freepdk45_ss.spi"):
        (cards / file).write_text(".model NMOS_VTH nmos\n.model PMOS_VTH pmos\n")
    code, out, err = snn("neuron", *(word.format(cards=cards, empty=empty) for word in arguments), "--json")
    assert (code, out) == (2, "")
    assert told in err.strip().splitlines()[-1]


NEEDS_NGSPICE = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


@pytest.mark.slow
@pytest.mark.usefixtures("cards")
@NEEDS_NGSPICE
def test_a_small_core_of_transistors_is_signed_off(snn_json):
    found = snn_json("neuron", "--level", "transistor", "--network")
    assert found["passed"]
    assert found["matched_spikes"] >= found["bar_matched_spikes"] == 0.95
    assert found["bin_s"] == pytest.approx(found["mean_interval_s"] / 10, abs=0)
    assert found["spikes_of_engine"] > 20
    assert abs(found["energy_error"]) < 0.05


@pytest.mark.slow
@pytest.mark.usefixtures("cards")
@NEEDS_NGSPICE
def test_whether_tunnelling_pays_is_told_from_the_rows(snn_json, tmp_path):
    found = snn_json("neuron", "--level", "transistor", "--sources", "--draws", "20", "--plot", tmp_path / "a.png")
    tunnelling, below = found["spread"]
    assert (tunnelling["source"], below["source"]) == ("tunnelling", "sub-threshold")
    assert found["found_spread_factor"] == pytest.approx(below["current_sigma_ln"] / tunnelling["current_sigma_ln"])
    assert found["published_spread_factor"] == 3
    assert "comes out" in found["conclusion"][1]
    assert found["drawn"] == 20
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("cards")
@NEEDS_NGSPICE
def test_branches_corners_and_the_behavioural_circuit_stand_side_by_side(snn_json, tmp_path):
    found = snn_json("neuron", "--level", "transistor", "--plot", tmp_path / "neuron.png")
    energy, beside = found["energy_per_spike_j"], found["behavioural"]
    assert found["total_per_spike_j"] == pytest.approx(sum(energy.values()), abs=0)
    assert set(energy) == {"membrane", "comparator", "pulse", "reset", "leak"}
    assert found["output_swing_v"] >= 0.9 * found["v_dd_v"]
    assert found["corners_that_spike"] == found["corners_simulated"] == 27
    assert beside["rate_hz"] == pytest.approx(found["rate_hz"], rel=0.1)
    assert beside["energy_per_spike_j"] == pytest.approx(found["total_per_spike_j"], rel=0.1, abs=0)
    assert found["cards"].startswith("c4m-pdk-freepdk45")
    assert (tmp_path / "neuron.png").stat().st_size > 10_000
