"""Reading measured points: units from the header, and an error that names the place for everything else."""

from functools import partial
from importlib.resources import files

import numpy as np
import pytest

from circuits.device.btbt import DEVICES
from circuits.device.points import read_points

approx = partial(pytest.approx, rel=1e-12, abs=0)
MEASURED = files("circuits.device") / "measured"  # the points that the named devices are fits of


def _read(tmp_path, text: str | bytes, **given):
    path = tmp_path / "points.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_points(path, **given)


@pytest.mark.parametrize(
    ("header", "row", "given"),
    [("v_gs (V),i (A/um),v_ds (V)", "-1.0,6.4e-9,0.9", {"width": 0.45e-6}),
     ("v_gs (mV),i (nA/um)", "-1000,6.4", {"width": 0.45e-6, "v_ds": 0.9}),
     ("i (A/m), V_DG (V)", "6.4e-3, 1.9", {"width": 0.45e-6}),
     ("v_dg (mV),i (pA)", "1900,2880", {"width": 0.45e-6}),
     ("v_dg (V),i (\u00b5A)", "1.9,2.88e-3", {"width": 0.45e-6}),
     ("v_dg (V),i (\u03bcA/um)", "1.9,6.4e-3", {"width": 0.45e-6})],
)  # fmt: skip
def test_one_point_in_many_units_is_the_same(tmp_path, header, row, given):
    """6.4 nA/um on 0.45 um is 2.88 nA, at V_DG = 0.9 - (-1.0) V."""
    points = _read(tmp_path, f"{header}\n{row}\n", **given)
    assert (points.v_dg[0], points.i[0], points.width) == (approx(1.9), approx(2.88e-9), 0.45e-6)


def test_comments_blank_lines_byte_order_mark_and_windows_line_ends_are_no_points(tmp_path):
    lines = (
        "# Source: wafer 3",
        "",
        "v_dg (V),i (nA/um),temperature (K)",
        "# half way",
        "1.5,2,358",
        ",,",
        "1.6,3,358",
    )
    points = _read(tmp_path, "\ufeff" + "\r\n".join(lines))
    np.testing.assert_allclose(points.v_dg, [1.5, 1.6])
    np.testing.assert_allclose(points.i, [2e-9, 3e-9])  # a width of 1 um
    assert points.conditions == {"source": "wafer 3", "temperature": 358.0}


@pytest.mark.parametrize("name", DEVICES)
def test_every_named_device_ships_its_points(name):
    points = read_points(MEASURED / f"{name}.csv")
    assert points.v_dg.size >= 5
    assert points.conditions["v_ds"] == DEVICES[name].v_ds_fit
    assert points.conditions["temperature"] == DEVICES[name].temperature
    assert "EE724" in points.conditions["source"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no header"),
     ("# only a comment\n", "holds no header"),
     ("v_dg (V),i (A/um)\n", "no points under its header"),
     ("1.5,2e-9\n1.6,3e-9\n", r"line 1: column '1.5' has no unit in brackets; write for example"),
     ("v_dg (V),i (furlong)\n", "unknown unit 'furlong' of i; known: A, mA"),
     ("v_dg (V),current (A)\n", "unknown column 'current'; known: v_dg, v_gs, v_ds, i, temperature"),
     ("v_dg (V),i (A/um),i (A)\n", "once each"),
     ("v_dg (V),v_gs (V),i (A/um)\n", "one of v_dg and v_gs"),
     ("v_dg (V)\n1.5\n", "and i, once each"),
     ("v_dg (V),i (A)\n1.5,1e-9\n", r"not per width; give width \(m\)"),
     ("v_gs (V),i (A/um)\n-1,1e-9\n", r"v_gs needs the drain voltage: give v_ds"),
     ("v_dg (V),i (A/um)\n\n1.5,1e-9\n1.6\n", "line 4: 1 cells under 2 columns"),
     ("v_dg (V),i (A/um)\n1.5,1e-9\n1,6,2e-9\n", "line 3: 3 cells under 2 columns; a decimal point is a point"),
     ("v_dg (V),i (A/um)\n1.5,fast\n", "line 2: i is 'fast', not a number"),
     ("v_dg (V),i (A/um)\n1.5,\n", "line 2: i is '', not a number"),
     ("v_dg (V),i (A/um)\n1.5,nan\n", "line 2: i is 'nan'; leave the row out"),
     ("v_dg (V),i (A/um),v_ds (V)\n1.5,1e-9,0.9\n1.6,2e-9,1.0\n", "v_ds takes 2 values; give one file per v_ds"),
     ("v_dg (V),i (A/um)\n1.5,1e-9".encode("utf-16"), "is not UTF-8; save the file as UTF-8"),
     (b"v_dg (V),i (\xb5A)\n1.5,1e-9", "byte 12 is not UTF-8"),
     (b"v_dg (V),i (A)\0\n", "NUL")],
)  # fmt: skip
def test_what_is_no_table_of_points_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        _read(tmp_path, text)


def test_a_drain_voltage_that_contradicts_the_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"v_ds = 1 V is given, the file says 0\.9 V"):
        _read(tmp_path, "v_gs (V),i (A/um),v_ds (V)\n-1,1e-9,0.9\n", v_ds=1.0)


def test_a_file_that_is_not_there_and_a_device_without_points(tmp_path):
    for path, said in ((tmp_path / "absent.csv", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(ValueError, match=said):
            read_points(path)
