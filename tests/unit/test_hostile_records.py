"""Small files that ask for much, and files that say what cannot be: the user's error, with file, value and remedy."""

import time

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.chips.chip import FOLDER
from circuits.device.device_file import load_device
from circuits.errors import InputError
from circuits.mapping.limits import CoreLimits
from circuits.mapping.place import place
from circuits.netlist.rawfile import read_raw
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.tables import read_json, read_toml
from circuits.units import quantity
from snn.experiments.metrics import Metrics, read_metrics
from snn.recipes.recipe import load_recipe, parse_recipe

DEEP = "[" * 700 + "]" * 700
CHIP = (FOLDER / "btbt-45rfsoi.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("read", [read_toml, read_json, load_chip, load_device, load_recipe, read_metrics])
@pytest.mark.parametrize(
    "text", [DEEP, f"a = {DEEP}", '{"a": ' * 400 + "1" + "}" * 400], ids=["json", "toml", "tables"]
)
def test_brackets_in_brackets_are_a_mistake_in_the_file(tmp_path, read, text):
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"deep\.toml"):
        read(path, Metrics) if read is read_metrics else read(path)


@pytest.mark.parametrize("value", [DEEP, "1\ny = 2", "[[1]]", "1" * 5000, "nan", "true"])
def test_a_setting_that_no_number_can_be_is_refused_with_its_key(value):
    with pytest.raises(InputError, match="epochs"):
        parse_recipe('name = "x"', [f"epochs={value}"])


@pytest.mark.parametrize("kind", ["[]", "{}", "7", '"a"'])
def test_a_kind_that_is_no_name_of_one_is_refused(tmp_path, kind):
    (tmp_path / "x.toml").write_text(f"kind = {kind}\n")
    for read in (load_chip, load_recipe):
        with pytest.raises(InputError, match=r"x\.toml.*kind"):
            read(tmp_path / "x.toml")


@pytest.mark.parametrize("value", ["1e12", "-1", "1e300", "nan", "inf", "1" * 400, "true", '"8"', "65"])
def test_a_number_of_bits_that_no_weight_has_is_refused_at_once(tmp_path, value):
    (tmp_path / "big.toml").write_text(CHIP.replace("weight_bits = { value = 1,", f"weight_bits = {{ value = {value},"))
    with pytest.raises(InputError, match=r"big\.toml.*weight_bits must be a whole number"):
        load_chip(tmp_path / "big.toml")


def test_cores_of_one_synapse_are_filled_in_linear_time():
    ones, began = np.ones((64, 64)), time.process_time()
    layer = LayerSpec("a", "readout", ones, np.zeros(64), np.full(64, 0.02), np.ones(64))
    placement = place(NetworkSpec("n", 0.01, (layer,)), CoreLimits(1, 64, 1000, 56, 1, 1))
    assert placement.cores_used == 64 * 64
    assert time.process_time() - began < 1


def test_a_device_that_is_no_name_is_refused(tmp_path):
    (tmp_path / "x.toml").write_text(CHIP.replace('value = "32nm-pdsoi"', "value = 0"))
    with pytest.raises(InputError, match=r"x\.toml: a device is a name or a file, got 0"):
        load_chip(tmp_path / "x.toml")


@pytest.mark.parametrize(
    "change", ["activation_ev = 1e9", "residual = nan", "v_ds_v = -7", 'age_years = "x"', "name = 3"]
)
def test_a_constant_that_no_device_has_is_refused(tmp_path, change):
    lines = ['name = "a"', 'source = "b"', "prefactor_a_per_v_m = 0.28", "v_slope_v = 3.6", "v_onset_v = 0.9",
             "residual = 0.07", "i_floor_a_per_m = 4e-7", "v_gs_min_v = -1.5", "v_gs_max_v = -0.4"]  # fmt: skip
    path, key = tmp_path / "mine.toml", change.partition(" ")[0]
    path.write_text("\n".join(lines))
    load_device(path)
    path.write_text("\n".join([line for line in lines if not line.startswith(f"{key} ")] + [change]))
    with pytest.raises(InputError, match=rf"mine\.toml.*{key.removesuffix('_v')}"):
        load_device(path)


def test_what_takes_quadratic_time_is_refused_in_linear_time(tmp_path):
    key, began = ".".join(["a"] * 20_000), time.process_time()
    for text in (f"{key} = 1", f"[{key}]", f"x = {{{key} = 1}}"):
        (tmp_path / "x.toml").write_text(text)
        with pytest.raises(InputError, match=r"x\.toml.* more than 24 parts"):
            read_toml(tmp_path / "x.toml")
    with pytest.raises(InputError, match="at most 80 characters"):
        quantity("1" * 100_000 + "x1", "s", "tau")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text", ["1e999999999999 ms", "1e99999", "nan kV", "--1"])
def test_a_quantity_that_no_float_holds_is_refused(text):
    with pytest.raises(InputError, match="tau"):
        parse_recipe('name = "x"', [f"tau_readout_s={text}"])


def test_a_file_larger_than_any_record_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "x.toml").open("wb") as file:
        file.truncate(2**40)
    for read in (read_toml, read_json, load_chip, load_device, load_recipe):
        with pytest.raises(InputError, match=r"x\.toml has 1,099,511,627,776 bytes, more than the [18]"):
            read(tmp_path / "x.toml")


@pytest.mark.parametrize(
    ("points", "told"), [("3", None), ("9" * 15, "truncated"), ("0", "is '0'"), (f"{2**30}", "at most")]
)
def test_no_more_is_read_of_a_sparse_raw_file_than_its_header_promises(tmp_path, points, told):
    header = (
        f"Plotname: x\nFlags: real\nNo. Variables: 2\nNo. Points: {points}\nVariables:\n\t0\ttime\ttime\n\t1\tv(a)\tv\n"
    )
    with (tmp_path / "a.raw").open("wb") as file:
        file.write(header.encode() + b"Binary:\n" + np.arange(6.0).tobytes())
        file.truncate(2**36)
    if told is None:
        np.testing.assert_array_equal(read_raw(tmp_path / "a.raw")["v(a)"], [1, 3, 5])
    else:
        with pytest.raises(InputError, match=rf"a\.raw.*{told}"):
            read_raw(tmp_path / "a.raw")


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}', "\udcff", '{"a": 1'])
def test_json_is_read_strictly(tmp_path, text):
    (tmp_path / "x.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"x\.json"):
        read_json(tmp_path / "x.json")
