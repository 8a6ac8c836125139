"""A device of one's own, from measured points or from a table of constants, is a device like the named ones."""

from dataclasses import replace

import numpy as np
import pytest
import tomli_w

from circuits.device.btbt import DEVICES, btbt_current
from circuits.device.device_file import device_of_table, load_device, table_of_device
from circuits.errors import InputError
from snn.recipes.reader import to_table
from snn.recipes.recipe import parse_recipe

MINE = replace(DEVICES["32nm-pdsoi-nsd3e19"], name="mine", source="wafer 3", prefactor=0.07, v_ds=1.1, v_ds_fit=1.1)


@pytest.fixture
def csv(tmp_path):
    """Twelve points of the device above, in pA of a width of 450 nm."""
    path, v_dg = tmp_path / "mine.csv", np.linspace(1.6, 2.4, 12)
    current = btbt_current(v_dg, MINE, 0.45e-6) * 1e12
    rows = [f"{1.1 - v:.6f},{i:.9g},1.1,450" for v, i in zip(v_dg, current, strict=True)]
    path.write_text("\n".join(["# source: wafer 3", "v_gs (V),i (pA),v_ds (V),width (nm)", *rows]))
    return path


def toml_of(device, path):
    lines = (f'{key} = "{v}"' if isinstance(v, str) else f"{key} = {v!r}" for key, v in table_of_device(device).items())
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_points_in_a_csv_are_fitted_at_their_own_width_and_drain_voltage(csv, kind):
    device = load_device(kind(csv))
    assert (device.name, device.v_ds, device.source) == ("mine", 1.1, "fit of 12 points: wafer 3")
    assert device.prefactor == pytest.approx(MINE.prefactor, rel=1e-4)
    assert device.v_slope == pytest.approx(MINE.v_slope, rel=1e-4)


def test_a_table_keeps_every_constant(tmp_path):
    assert load_device(toml_of(MINE, tmp_path / "any.toml")) == MINE
    for device in DEVICES.values():
        assert device_of_table(table_of_device(device)) == device


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda t: t.pop("v_slope_v"), "lacks v_slope_v"), (lambda t: t.update(v_slop_v=1), "did you mean 'v_slope_v'"),
     (lambda t: t.update(v_slope_v="3"), "number in V"), (lambda t: t.update(source=" "), "source must be text"),
     (lambda t: t.update(v_slope_v=3630.0), "3630 mV"), (lambda t: t.update(v_slope_v=-1.0), "positive")],
)  # fmt: skip
def test_a_table_that_is_no_device_is_refused_with_its_place(change, said):
    table = table_of_device(MINE)
    change(table)
    with pytest.raises(InputError, match=rf"mine\.toml.*{said}"):
        device_of_table(table, "mine.toml")


@pytest.mark.parametrize("name", ["32nm-pdso", "mine", ""])
def test_an_unknown_name_says_what_there_is(name):
    with pytest.raises(InputError, match=r"unknown device .*known: 32nm-pdsoi.*\.csv"):
        load_device(name)


@pytest.mark.parametrize("name", ["none.csv", "none.toml"])
def test_a_missing_file_is_named(name):
    with pytest.raises(FileNotFoundError, match=name):
        load_device(name)


def test_a_recipe_stores_the_numbers_of_a_device_of_ones_own_and_the_name_of_a_named_one(csv):
    recipe = parse_recipe('name = "x"', [f"device={csv}"])
    stored = to_table(recipe)["neuron"]["device"]
    assert stored == table_of_device(load_device(csv))
    assert parse_recipe(tomli_w.dumps(to_table(recipe))) == recipe
    assert to_table(parse_recipe('name = "x"', ["device=22nm-fdx"]))["neuron"]["device"] == "22nm-fdx"


def test_a_file_with_a_named_devices_name_is_not_taken_for_it(tmp_path):
    other = replace(MINE, name="22nm-fdx")
    recipe = parse_recipe('name = "x"', [f"device={toml_of(other, tmp_path / 'd.toml')}"])
    assert parse_recipe(tomli_w.dumps(to_table(recipe))).neuron.device == other


@pytest.mark.parametrize("command", [("neuron",), ("neuron", "--compare"), ("corners", "--n", "20"), ("core",)])
def test_commands_take_a_measured_device(csv, snn_json, command):
    assert snn_json(*command, "--device", csv)["device"] == "mine"


def test_a_run_trained_with_a_measured_device_needs_its_file_no_more(tmp_path, csv, words, recipe, snn_json):
    """Training, evaluation, placement and export, after the file has gone."""
    run = tmp_path / "run"
    snn_json("train", recipe, "--data", words, "--out", run, "--set", f"device={csv}")
    csv.unlink()
    snn_json("evaluate", run)
    snn_json("map", run)
    snn_json("export", run, "--out", tmp_path / "out")
    assert "wafer 3" in (run / "config.toml").read_text()
    snn_json("train", recipe, "--data", words, "--out", run, "--set", "epochs=3", "--overwrite")
