"""`snn neuron --level transistor`: what it prints, and what it refuses."""

import shutil

import pytest

from circuits.errors import MissingPackageError
from circuits.transistor import find_cards


def has_cards() -> bool:
    try:
        return bool(find_cards())
    except MissingPackageError:
        return False


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--level", "transistors"), "there are behavioural and transistor"),
        (("--level", "transistor", "--rate", "50kHz"), "--rate with --level transistor"),
        (("--cards", "."), "add --level transistor"),
        (("--level", "transistor", "--cards", "{empty}"), "a folder of cards holds freepdk45_nom.spi"),
        (("--level", "transistor", "--cards", "{cards}", "--v-gs", "0.1"), "below its onset"),
        (("--level", "transistor", "--cards", "{cards}", "--supply", "-1"), "supply must be positive"),
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


@pytest.mark.slow
@pytest.mark.skipif(not has_cards() or shutil.which("ngspice") is None, reason="no ngspice, or no model cards")
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
