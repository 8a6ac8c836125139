"""Multichannel recordings: what is written is read, and whatever else comes gets one line that names the file."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from snn.data.recordings.recording_error import RecordingError
from snn.data.signals.signal_file import read_signal, signal_channels

WAVE = np.stack([np.sin(np.arange(50) / 5), np.cos(np.arange(50) / 7)], 1)


def csv(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def npz(path: Path, **arrays: object) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def timed(times: np.ndarray, header: str = "time,x") -> str:
    return f"{header}\n" + "".join(f"{t!r},{2 * i}\n" for i, t in enumerate(times.tolist()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_whatever_separates_it(tmp_path, separator, end):
    rows = [("t", '"x (m/s2)"', "y"), *((f"{k / 100:.2f}", repr(a), repr(b)) for k, (a, b) in enumerate(WAVE.tolist()))]
    signal = read_signal(csv(tmp_path / "a.csv", "\ufeff" + end.join(map(separator.join, rows)) + end))
    np.testing.assert_array_equal(signal.values, WAVE)
    assert (signal.sample_rate, signal.channels) == (100.0, ("x (m/s2)", "y"))
    assert signal.duration_s == pytest.approx(0.5)
    assert signal_channels(tmp_path / "a.csv") == signal.channels


@pytest.mark.parametrize(
    ("name", "unit"), [("time", 1), ("t", 1), ("time_ms", 1e3), ("Time (us)", 1e6), ("t[ns]", 1e9)]
)
def test_the_unit_of_the_time_column_counts(tmp_path, name, unit):
    text = timed(np.arange(40) / 62.5 * unit, f"{name},x")
    assert read_signal(csv(tmp_path / "a.csv", text)).sample_rate == pytest.approx(62.5, rel=1e-8)


def test_a_temperature_is_no_time(tmp_path):
    signal = read_signal(csv(tmp_path / "a.csv", "time,T\n0,37\n1,36\n2,38\n"))
    assert (signal.channels, signal.sample_rate, signal.values[:, 0].tolist()) == (("T",), 1.0, [37, 36, 38])


def test_without_times_the_rate_comes_from_a_comment_then_from_the_caller(tmp_path):
    noted = csv(tmp_path / "noted.csv", "# wrist\n# sample_rate = 12.5\nx\n1\n2\n")
    assert read_signal(noted).sample_rate == read_signal(noted, 99.0).sample_rate == 12.5
    assert read_signal(csv(tmp_path / "bare.csv", "x\n1\n2\n"), 99.0).sample_rate == 99.0


def test_a_noted_rate_of_nothing_does_not_give_way_to_the_caller(tmp_path):
    with pytest.raises(RecordingError, match="sample rate of 0 Hz"):
        read_signal(csv(tmp_path / "a.csv", "# sample_rate = 0\nx\n1\n2\n"), 99.0)


@pytest.mark.parametrize("noted", ["# fs = 1.005\n", "# fs = 1\n# sample_rate = 1.0\n"])
def test_a_noted_rate_beside_a_time_column_that_agrees_is_read(tmp_path, noted):
    assert read_signal(csv(tmp_path / "a.csv", noted + 't,x\n0,"1"\n1, "2" \n')).sample_rate == 1.0


def test_times_rounded_to_milliseconds_agree_with_their_noted_rate(tmp_path):
    """At 128 Hz the usual interval is 8 ms, as if of 125 Hz; the mean one is right."""
    text = "# fs = 128\n" + timed(np.round(np.arange(1280) / 128, 3))
    assert read_signal(csv(tmp_path / "a.csv", text)).sample_rate == 125.0


def test_uneven_times_are_evened_out_on_straight_lines(tmp_path):
    """A straight line sampled anywhere stays that line: slope 3 per second at steps of 10 ms, jittered by a third."""
    rng = np.random.default_rng(0)
    times = np.arange(101) / 100 + np.r_[0, rng.uniform(-0.003, 0.003, 99), 0]
    text = "t,x\n" + "".join(f"{t!r},{3 * t!r}\n" for t in times.tolist())
    signal = read_signal(csv(tmp_path / "a.csv", text))
    assert signal.sample_rate == pytest.approx(100, rel=0.05)
    expected = 3 * np.arange(len(signal.values)) / signal.sample_rate
    np.testing.assert_allclose(signal.values[:, 0], expected, atol=1e-7)


def test_an_archive_is_read_by_name_or_by_shape(tmp_path):
    named = read_signal(npz(tmp_path / "a.npz", signal=WAVE, other=WAVE, sample_rate=50, channels=["left", "right"]))
    np.testing.assert_array_equal(named.values, WAVE)
    assert (named.sample_rate, named.channels) == (50.0, ("left", "right"))
    shaped = read_signal(npz(tmp_path / "b.npz", ecg=WAVE.astype("f4"), fs=np.array([360.0]), beats=np.arange(3)))
    assert (shaped.sample_rate, shaped.channels, shaped.values.dtype) == (360.0, ("1", "2"), np.float64)
    assert read_signal(npz(tmp_path / "c.npz", x=np.arange(9)), 10.0).values.shape == (9, 1)
    assert signal_channels(tmp_path / "a.npz") == named.channels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# sample_rate = 10\n", "is empty"),
        ("t,x\n", "holds no samples"),
        ("1,2\n3,4\n", "line 1: holds numbers, want the names"),
        ("t,x,y\n0,1,2\n\n0.1,1\n", "line 4: has 2 cells, the header 3"),
        ("t,x\n0,1\n0.1,one\n", "line 3, column 'x': 'one' is not a number"),
        ("t,x\n0,1\n0.1,\n", "line 3, column 'x': '' is not a number"),
        ("t,x\n0,1\n0.1,1_0\n", "line 3, column 'x': '1_0' is not a number"),
        ("t,x\n0,1\n0.1,nan\n", "line 3, column 'x': is nan"),
        ("t,x\n0,1\n0.1,1e999\n", "line 3, column 'x': is inf"),
        ("t,x\n0,1\n0,2\n", "line 3: time does not rise"),
        ("t,x\n0,1\n", "one row"),
        ("t\n0\n1\n", "no channel"),
        ("t,x,x\n0,1,2\n", "two columns 'x'"),
        ("t,x,\n0,1,\n", "no name for column 3"),
        ("t,time,x\n0,1,2\n", "two time columns"),
        ("x\n1\n2\n", "tells no sample rate"),
        ("# fs = fast\nx\n1\n", "line 1: 'fast' is not a sample rate"),
        ("# fs = -5\nx\n1\n", "sample rate of -5 Hz, outside"),
        ("# fs = nan\nx\n1\n", "sample rate of nan Hz, outside"),
        ("# sample_rate = 0\nx\n1\n", "sample rate of 0 Hz, outside"),
        ("# sample_rate = -0.0\nx\n1\n", "sample rate of -0 Hz, outside"),
        ("# sample_rate = 1e-400\nx\n1\n", "sample rate of 0 Hz, outside"),
        ("# fs = 100\n# fs = 200\nx\n1\n", "line 2: notes a sample rate of 200 Hz, a line before 100 Hz"),
        ("# fs = 100\nt,x\n0,1\n1,2\n", "notes a sample rate of 100 Hz, but its time column has 1 Hz"),
        ("# fs = 0\nt,x\n0,1\n1,2\n", "notes a sample rate of 0 Hz, but its time column has 1 Hz"),
        ('t,x\n0,"1"2"3"\n', "line 2, column 'x': '\"1\"2\"3\"' has other quotes than two around it"),
        ('x,y\n"1,""2\n', "line 2, column 'x': '\"1' has other quotes than two around it"),
        (",".join(f"n{k}" for k in range(10_000)), "line 1: has 10000 columns, more than 512"),
        (",".join(f"n{k}" for k in range(150_000)), "line 1: is longer than 65536 letters"),
        ("# fs = 1\nx\n" + "1" * 100_000, "line 3: is longer than 65536 letters"),
        ("t," + "x" * 300 + "\n0,1\n", "name of 300 letters for column 2, more than 200"),
        ("t,a\x1b[31m,a\x1b[31m\n0,1,2\n", r"two columns 'a\\\\?x1b\[31m'"),
        (timed(np.r_[0:10, 30:40] / 10.0), "line 12: 2.1 s are missing, at an interval of 0.1 s"),
        ("\x00\x01\x02", "no samples|not UTF-8|numbers"),
    ],
)
def test_a_bad_table_is_refused_with_its_place(tmp_path, text, message):
    path = csv(tmp_path / "bad.csv", text)
    with pytest.raises(RecordingError, match=message) as caught:
        read_signal(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def bomb(path: Path) -> Path:
    """A member that promises 10^12 numbers in a few bytes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("signal.npy", file.getvalue())
    return path


def zeros(path: Path) -> Path:
    """240 MB of zeros in as many kilobytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("signal.npy", "w") as member:
        for _ in range(240):
            member.write(bytes(10**6))
    return path


def many(path: Path) -> Path:
    """More members than a reader of the list at the end would like to hold."""
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(2000):
            archive.writestr(f"a{k}.npy", b"")
    return path


def member(path: Path, shape: str, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """An array `x` of six numbers that says to have a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + bytes(48))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bomb, "is damaged: an array of shape"),
        (zeros, "unpacks to more than"),
        (many, "unpacks to more than 62 MiB or 64 arrays"),
        (lambda path: member(path, "(3, True)"), r"an array of shape \(3, True\)"),
        (lambda path: member(path, "(0, 10000000000)"), "an array of shape"),
        (lambda path: member(path, "(-1, 2)"), "an array of shape"),
        (lambda path: member(path, "(" + "-" * 9000 + "1,)"), "damaged"),
        (lambda path: member(path, "(" * 500 + "1" + ")" * 500), "damaged|Cannot parse"),
        (lambda path: member(path, "(3, 2)", kind=zipfile.ZIP_BZIP2), "packs array 'x' in another way"),
        (lambda path: npz(path, x=WAVE, fs=1, channels=np.zeros(10**6, "S1")), "names 1000000 channels, but holds 2"),
        (lambda path: npz(path, x=WAVE, fs=1, channels=["a" * 10**5, "b"]), "name of 100000 letters for column 1"),
        (lambda path: npz(path, x=WAVE, fs=1, channels=np.full(2, -1, "i4").view("U1")), "damaged or no NPZ"),
        (lambda path: npz(path, x=WAVE, fs=1, channels=[1.5, 2]), "names its channels by float64"),
        (lambda path: csv(path, "text"), "damaged or no NPZ"),
        (lambda path: csv(path, ""), "damaged or no NPZ"),
        (lambda path: npz(path, x=np.array([{}, {}])), "Python objects"),
        (lambda path: npz(path, x=np.array(["a", "b"]), fs=1), "want numbers"),
        (lambda path: npz(path, x=WAVE + 1j, fs=1), "want numbers"),
        (lambda path: npz(path, a=WAVE, b=WAVE, fs=1), "holds a, b, fs; want one array"),
        (lambda path: npz(path, fs=1), "holds fs; want one array"),
        (lambda path: npz(path, x=WAVE), "tells no sample rate"),
        (lambda path: npz(path, x=WAVE, fs=[1, 2]), "sample rate of shape"),
        (lambda path: npz(path, x=WAVE, fs=1, sample_rate=2), "two sample rates, 'sample_rate' = 2 and 'fs' = 1 Hz"),
        (lambda path: npz(path, x=WAVE, signal=WAVE, fs=1), "holds both 'signal' and 'x'"),
        (
            lambda path: npz(path, x=WAVE, fs=1, channels=[b"\xe9", b"b"]),
            r"by bytes that are not UTF-8 \(save the names as text\)",
        ),
        (lambda path: npz(path, x=WAVE[:0], fs=1), "holds no samples"),
        (lambda path: npz(path, x=np.zeros((3, 600)), fs=1), "600 channels, more than 512"),
        (lambda path: npz(path, x=WAVE, fs=1, channels=["a"]), "names 1 channels, but holds 2"),
        (
            lambda path: npz(path, x=np.where(np.arange(100).reshape(50, 2) == 9, np.nan, WAVE), fs=1),
            "nan at sample 4, channel '2'",
        ),
    ],
)
def test_a_bad_archive_is_refused(tmp_path, make, message):
    path = make(tmp_path / "bad.npz")
    with pytest.raises(RecordingError, match=message) as caught:
        read_signal(path)
    assert str(caught.value).startswith(str(path))


def test_an_archive_of_which_a_directory_was_cut_is_refused(tmp_path):
    """Its end says more arrays than are listed: what is missing might be the sample rate."""
    path = npz(tmp_path / "a.npz", x=WAVE, fs=1)
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\5\6") + 10] += 1
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="says that it has 3 members and lists 2"):
        read_signal(path)


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path, message in (
        (tmp_path / "absent.csv", "does not exist"),
        (tmp_path / "folder.csv", "is a folder"),
        (tmp_path / "a.xlsx", "is not one of .csv, .npz"),
        (csv(tmp_path / "a.csv", "x\n1\n").rename(tmp_path / "a.npz"), "no NPZ"),
    ):
        with pytest.raises(RecordingError, match=message):
            read_signal(path)
    (tmp_path / "latin.csv").write_bytes("x,Höhe\n1,2\n".encode("latin-1"))
    with pytest.raises(RecordingError, match="not UTF-8"):
        read_signal(tmp_path / "latin.csv")


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_damage_anywhere_is_read_or_refused(tmp_path, suffix):
    """Bytes changed, removed and doubled at random: a signal or a RecordingError, nothing else."""
    rng, path = np.random.default_rng(1), tmp_path / f"a{suffix}"
    if suffix == ".npz":
        whole = npz(path, signal=WAVE, sample_rate=50.0, channels=["a", "b"]).read_bytes()
    else:
        whole = csv(path, "# sample_rate = 50\nx,y\n" + "".join(f"{a},{b}\n" for a, b in WAVE)).read_bytes()
    n_refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            i = int(rng.integers(len(data)))
            data[i : i + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
        path.write_bytes(data)
        for read in (read_signal, signal_channels):
            try:
                read(path)
            except RecordingError:
                n_refused += 1
    assert n_refused > 100


def test_values_whose_squares_overflow_are_refused_by_file(tmp_path):
    with pytest.raises(RecordingError, match=r"a\.csv.*holds a value of size 1e\+300, beyond 1e\+30"):
        read_signal(csv(tmp_path / "a.csv", "# sample_rate = 10\nx\n1\n-1e300\n"))
    assert read_signal(csv(tmp_path / "b.csv", "# sample_rate = 10\nx\n1\n-1e30\n")).values.min() == -1e30


def test_a_table_of_single_digits_is_read_in_little_more_than_its_numbers(tmp_path):
    """A list of its lines would take twenty times the eight bytes of a number."""
    path = csv(tmp_path / "a.csv", "# fs = 100\nx\n" + "1\n" * 50_000)
    tracemalloc.start()
    signal = read_signal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert signal.values.shape == (50_000, 1)
    assert peak < 4 * signal.values.nbytes
