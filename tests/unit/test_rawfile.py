"""The binary raw file of ngspice: what is in it comes out, and a broken one is named."""

import numpy as np
import pytest

from circuits.netlist.rawfile import read_raw, rising_edges

HEADER = "Title: * t\nPlotname: Transient Analysis\nFlags: {flags}\nNo. Variables: {n}\nNo. Points: 3\nVariables:\n"
NAMES = "\t0\ttime\ttime\n\t1\tv(a: b)\tvoltage\n"
VALUES = np.array([[0.0, 1.0], [1e-9, -2.5], [3e-9, 4e-30]])


def raw(path, n=2, flags="real", values=VALUES, mark="Binary:\n"):
    path.write_bytes((HEADER.format(n=n, flags=flags) + NAMES + mark).encode() + values.astype("<f8").tobytes())
    return path


def test_vectors_come_out_by_name_to_the_last_bit(tmp_path):
    vectors = read_raw(raw(tmp_path / "a.raw"))
    assert list(vectors) == ["time", "v(a: b)"]
    np.testing.assert_array_equal(np.stack(list(vectors.values()), axis=1), VALUES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": VALUES[:2]}, "truncated: 4 values of 6"),
        ({"n": 3}, "truncated.*: 2 names of 3"),
        ({"n": "x"}, "'No. Variables' is 'x'"),
        ({"flags": "complex"}, "complex vectors"),
        ({"values": np.where(VALUES == 4e-30, np.nan, VALUES)}, "NaN or infinity"),
        ({"values": np.where(VALUES == 0, np.inf, VALUES)}, "NaN or infinity"),
        ({"mark": "Values:\n"}, "no binary raw file"),
    ],
)
def test_a_broken_file_is_named(tmp_path, change, said):
    with pytest.raises(ValueError, match=said):
        read_raw(raw(tmp_path / "a.raw", **change))


def test_a_long_file_is_looked_at_in_pieces_to_its_last_value(tmp_path, monkeypatch):
    monkeypatch.setattr("circuits.netlist.rawfile.PIECE", 4)
    np.testing.assert_array_equal(read_raw(raw(tmp_path / "a.raw"))["v(a: b)"], VALUES[:, 1])
    with pytest.raises(ValueError, match="NaN or infinity"):
        read_raw(raw(tmp_path / "a.raw", values=np.where(VALUES == 4e-30, np.nan, VALUES)))


def test_rising_edges_are_interpolated_and_falling_ones_are_none():
    time = np.array([0.0, 1.0, 2.0, 4.0, 5.0])
    wave = np.array([0.0, 1.0, 0.0, 4.0, 4.0])
    np.testing.assert_allclose(rising_edges(time, wave, 0.5), [0.5, 2.25])
    assert rising_edges(time, wave, 9.0).size == 0
