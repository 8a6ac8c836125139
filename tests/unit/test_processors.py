"""Processors: static and marginal energy explain the aggregate that is told, and bad rows are named."""

from pathlib import Path

import pytest

from circuits.literature.processors import load_processors

CHIPS = {chip.name: chip for chip in load_processors()}


def test_the_split_of_truenorth_explains_its_aggregate():
    """2.7e9 events per second, 2^20 neurons x 20 Hz x 128 synapses, share 64.4 mW: 26 pJ each."""
    chip = CHIPS["TrueNorth"]
    events = chip.n_neurons * 20 * 128
    assert chip.energy_per_operation_j + chip.static_power_w / events == pytest.approx(26e-12, rel=0.02, abs=0)


def test_the_split_of_odin_explains_its_aggregate():
    """At 75 MHz, one operation every other cycle shares leakage and two cycles of the clock: 12.7 pJ."""
    chip, clock = CHIPS["ODIN"], 75e6
    overhead = (chip.static_power_w + chip.idle_j * clock) / (clock / 2)
    assert chip.energy_per_operation_j + overhead == pytest.approx(12.7e-12, rel=0.01, abs=0)


def test_a_core_needs_whole_chips():
    assert [CHIPS["ODIN"].chips(n) for n in (1, 256, 257)] == [1, 1, 2]


ROW = """
[[processor]]
name = "A"
year = 2020
source = "doi:10.0/a"
evidence = "abstract"
technology = "CMOS"
n_neurons = 10
static_power_w = 1e-6
energy_per_operation_j = 1e-12
measured = true
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "doi:10.0/a"\n', "", r"row 1 of .*\(A\) lacks source"),
        ('source = "doi:10.0/a"', 'source = " "', "source must be given"),
        ('evidence = "abstract"', 'evidence = "rumour"', "evidence must be one of"),
        ("n_neurons = 10", "n_neurons = 0", "n_neurons must be at least 1"),
        ("1e-6", "-1e-6", "static_power_w must be positive"),
        ("1e-12", '"1 pJ"', "row 1 of .*energy_per_operation_j must be a number in J"),
        ("n_neurons", "neurons", "unknown key 'neurons' .* did you mean 'n_neurons'"),
        ("[[processor]]", "[[neuron]]", r"expected \[\[processor\]\] tables"),
    ],
)
def test_bad_row_is_refused_with_its_place(tmp_path: Path, old, new, message):
    path = tmp_path / "rows.toml"
    path.write_text(ROW.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_processors(path)
