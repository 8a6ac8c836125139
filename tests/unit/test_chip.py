"""A chip file: every number with a source, nothing unknown, and what is absent stays unknown."""

from functools import partial
from pathlib import Path

import pytest

from circuits.chips import ChipSpec, chip_names, load_chip
from circuits.chips.chip import ENERGIES, LIMITS, POWERS

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

CHIP = """
name = "tiny"
title = "a chip"
node_m = { value = 45e-9, source = "table 1" }

[limits]
cores = { value = 4, source = "table 1" }
input_neurons = { value = 3, source = "table 1" }
neurons = { value = 5, source = "table 1" }
lines = { value = 8, source = "table 1" }
synapses = { value = 40, source = "table 1" }
weight_bits = { value = 2, source = "table 1" }

[energy]
hop_j = { value = 2e-15, source = "ASSUMED" }

[power]
bias_w = { value = 3e-9, source = "figure 2" }
"""


def _load(folder: Path, text: str) -> ChipSpec:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return load_chip(str(path))


def _changed(old: str, new: str) -> str:
    assert CHIP.count(old) == 1
    return CHIP.replace(old, new)


def test_file_is_read_as_written(tmp_path):
    chip = _load(tmp_path, CHIP)
    assert (chip.name, chip.title, chip.node_m.value) == ("tiny", "a chip", 45e-9)
    assert [chip.limit(name) for name in LIMITS] == [4, 3, 5, 8, 40, 2]
    assert (chip.energy_j("hop_j"), chip.power_w("bias_w")) == (2e-15, 3e-9)
    assert chip.energy["hop_j"].source == "ASSUMED"


def test_absent_is_unknown_and_zero_is_zero(tmp_path):
    chip = _load(tmp_path, CHIP)
    assert chip.energy_j("synapse_wire_j") is None
    assert chip.power_w("standby_w") is None
    free = _load(tmp_path, _changed("value = 2e-15", "value = 0.0"))
    assert free.energy_j("hop_j") == 0.0


def test_tables_of_energies_and_powers_may_be_absent(tmp_path):
    chip = _load(tmp_path, CHIP[: CHIP.index("[energy]")])
    assert all(chip.energy_j(name) is None for name in ENERGIES)
    assert all(chip.power_w(name) is None for name in POWERS)


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ("\nneurons =", "\nneurns =", "neurons"),
        ("hop_j =", "hop =", "hop_j"),
        ("bias_w =", "bias_mw =", "bias_w"),
        ("title =", "titel =", "title"),
        ("[limits]", "[limit]", "limits"),
    ],
)
def test_unknown_key_is_refused_with_the_nearest_name(tmp_path, old, new, nearest):
    with pytest.raises(ValueError, match=rf"tiny\.toml: unknown key '\w+' in \w+; did you mean '{nearest}'\?"):
        _load(tmp_path, _changed(old, new))


@pytest.mark.parametrize(
    "entry",
    ["2e-15", "{ value = 2e-15 }", "{ source = 'x' }", "{ value = 1.0, source = 'x', unit = 'J' }", "[1.0, 'x']"],
)
def test_number_without_value_and_source_is_refused(tmp_path, entry):
    with pytest.raises(ValueError, match=r"tiny\.toml: energy\.hop_j must be \{ value = "):
        _load(tmp_path, _changed('{ value = 2e-15, source = "ASSUMED" }', entry))


@pytest.mark.parametrize("source", ['""', '"  "', "3"])
def test_empty_source_is_refused(tmp_path, source):
    with pytest.raises(ValueError, match=r"energy\.hop_j: the number 2e-15 has no source"):
        _load(tmp_path, _changed('"ASSUMED"', source))


@pytest.mark.parametrize("value", ["-1e-15", "nan", "inf", "-inf", "true", '"2e-15"'])
def test_negative_and_impossible_numbers_are_refused(tmp_path, value):
    with pytest.raises(ValueError, match=r"energy\.hop_j: a chip's number must be zero or positive and finite"):
        _load(tmp_path, _changed("value = 2e-15", f"value = {value}"))


def test_limit_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"limits\.neurons of tiny must be a whole number, got 5\.5"):
        _load(tmp_path, _changed("value = 5,", "value = 5.5,"))


@pytest.mark.parametrize("limit", LIMITS)
def test_missing_limit_is_refused_by_name(tmp_path, limit):
    lines = [line for line in CHIP.splitlines() if not line.startswith(f"{limit} =")]
    with pytest.raises(ValueError, match=rf"tiny\.toml: missing {limit}$"):
        _load(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("key", ["name", "title", "node_m"])
def test_missing_key_is_refused_by_name(tmp_path, key):
    lines = [line for line in CHIP.splitlines() if not line.startswith(f"{key} =")]
    with pytest.raises(ValueError, match=rf"missing {key}$"):
        _load(tmp_path, "\n".join(lines))


def test_broken_toml_names_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"tiny\.toml: .*at line 3"):
        _load(tmp_path, _changed('title = "a chip"', "title = a chip"))


def test_unknown_chip_names_those_that_exist(tmp_path):
    with pytest.raises(ValueError, match=r"unknown chip 'loihi'; known: .*btbt-45rfsoi"):
        load_chip("loihi")
    with pytest.raises(ValueError, match="no chip file"):
        load_chip(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize("name", chip_names())
def test_every_chip_of_the_package_loads_under_its_own_name(name):
    chip = load_chip(name)
    assert chip.name == name
    assert set(chip.limits) == set(LIMITS)


def test_btbt_chip_has_the_published_sizes_and_invents_nothing():
    """20 input and 36 reservoir neurons, binary synapses, one core (press); a full crossbar is 36 (20 + 36)."""
    chip = load_chip("btbt-45rfsoi")
    assert [chip.limit(name) for name in LIMITS] == [1, 20, 36, 20 + 36, 36 * (20 + 36), 1]
    assert chip.node_m.value == approx(45e-9)
    assert not chip.energy
    assert not chip.power
