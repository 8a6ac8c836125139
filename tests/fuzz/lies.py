"""Files that are wrong on purpose, format by format: headers that promise other sizes, bombs, pipes, values that cannot be."""

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from reader import Lie

MIB = 1 << 20


def wrote(name: str, content: Callable[[bytes], bytes], refuse: bool = True, heavy: bool = False) -> Lie:
    """A lie that is made of the bytes of a valid file."""
    return Lie(name, lambda path, rng: path.write_bytes(content(path.read_bytes())), refuse, heavy)


def instead(name: str, put: Callable[[Path], None]) -> Lie:
    """Something else in the place of the file."""

    def build(path: Path, rng: Random) -> None:
        path.unlink()
        put(path)

    return Lie(name, build)


def _sparse(size: int) -> Callable[[Path, Random], None]:
    def build(path: Path, rng: Random) -> None:
        with path.open("rb+") as file:
            file.truncate(size)

    return build


NO_FILE = (  # of what has to be there
    instead("pipe", os.mkfifo),
    instead("folder", Path.mkdir),
    instead("link to itself", lambda path: path.symlink_to(path.name)),
    instead("link to nothing", lambda path: path.symlink_to("nothing")),
    instead("endless device", lambda path: path.symlink_to("/dev/zero")),
)
ANY = (
    *NO_FILE,
    wrote("empty", lambda data: b"", refuse=False),
    Lie("sparse 300 MiB", _sparse(300 * MIB), refuse=False),
    Lie("sparse 5 GiB", _sparse(5 << 30), refuse=False),
    wrote("zeros", lambda data: bytes(MIB)),
    wrote("32 MiB of letters", lambda data: b"a" * 32 * MIB, heavy=True),
    wrote("32 MiB of line ends", lambda data: b"\n" * 32 * MIB, refuse=False, heavy=True),
)


BAD_FILE = tuple(replace(lie, refuse=False) for lie in ANY)  # of many files, which is named among them


def riff(data: bytes = b"", *, size: int | None = None, riff_size: int | None = None, rate: int = 8000,
         channels: int = 1, bits: int = 16, form: int = 1, align: int | None = None) -> bytes:  # fmt: skip
    """A WAV file whose header says what it is told to."""
    align = channels * bits // 8 if align is None else align
    layout = struct.pack("<HHIIHH", form, channels % 65536, rate, rate * align % 2**32, align % 65536, bits)
    size = len(data) if size is None else size
    riff_size = 36 + len(data) if riff_size is None else riff_size
    return b"RIFF" + struct.pack("<I", riff_size) + b"WAVEfmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack("<I", size) + data


def _rf64(size: int) -> bytes:
    body = riff(bytes(800), size=0xFFFFFFFF)
    return b"RF64" + body[4:12] + b"ds64" + struct.pack("<IQQQI", 28, 0, size, 0, 0) + body[12:]


def _chunks(data: bytes, n: int) -> bytes:
    return data[:12] + (b"junk" + struct.pack("<I", 0)) * n + data[12:]


def _open_size(path: Path, rng: Random) -> None:
    """A recorder that left the size open, and a file above 4 GiB that is all hole."""
    path.write_bytes(riff(b"\1\0" * 800, size=0, riff_size=0))
    _sparse((4 << 30) + 4096)(path, rng)


WAV = (
    wrote("more data promised", lambda data: riff(bytes(200), size=1 << 20)),
    wrote("2 GiB promised", lambda data: riff(bytes(200), size=0x7FFE0000)),
    wrote("no data", lambda data: riff()),
    wrote("no channels", lambda data: riff(bytes(200), channels=0)),
    wrote("rate 0", lambda data: riff(bytes(200), rate=0)),
    wrote("rate 4 GHz", lambda data: riff(bytes(200), rate=2**32 - 1)),
    wrote("0 bits", lambda data: riff(bytes(200), bits=0)),
    wrote("block of no bytes", lambda data: riff(bytes(200), align=0), refuse=False),
    wrote("NaN", lambda data: riff(np.full(99, np.nan, "<f4").tobytes(), bits=32, form=3)),
    wrote("infinity", lambda data: riff(np.full(99, -np.inf, "<f4").tobytes(), bits=32, form=3)),
    wrote("1e308", lambda data: riff(np.full(99, 1e308, "<f8").tobytes(), bits=64, form=3), refuse=False),
    wrote("unknown encoding", lambda data: riff(bytes(200), form=0x1234)),
    wrote("RF64 of 2^63", lambda data: _rf64(2**63), refuse=False),
    wrote("RF64 of 2^62 - 2", lambda data: _rf64(2**62 - 2)),
    wrote("RF64 of 2^64 - 1", lambda data: _rf64(2**64 - 1), refuse=False),
    wrote("10,000 empty chunks", lambda data: _chunks(data, 10_000), refuse=False),
    wrote("4 million empty chunks", lambda data: _chunks(data, 4_000_000), refuse=False, heavy=True),
    wrote("data size 0", lambda data: riff(b"\1\0" * 800, size=0, riff_size=0), refuse=False),
    Lie("data size 0 above 4 GiB", _open_size, refuse=False),
    wrote("1,024 channels at 768 kHz", lambda data: riff(bytes(1 << 25), channels=1024, rate=768_000), False, heavy=True),
    wrote("16 MiB of one byte at 1 kHz", lambda data: riff(b"\x90" * (1 << 24), bits=8, rate=1000), False, heavy=True),
    wrote("150 MiB", lambda data: riff(b"\1\0" * (75 << 20), channels=2, rate=48_000), False, heavy=True),
)


def _table(columns: int, rows: int, cell: str = "1", head: str = "# fs = 100\n") -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        names = ",".join(f"c{k}" for k in range(columns))
        return (head + names + "\n" + (",".join([cell] * columns) + "\n") * rows).encode()

    return make


CSV = (
    *(wrote(f"a cell {cell}", _table(2, 3, cell)) for cell in ("nan", "inf", "-inf", "1e999", "1e308", "", "1_0", "0x1", "\x1b[0m")),
    wrote("names twice", lambda data: b"# fs = 1\nx,x\n1,2\n"),
    wrote("a name is missing", lambda data: b"# fs = 1\nx,\n1,2\n"),
    wrote("no rows", _table(3, 0)),
    wrote("a short row", lambda data: b"# fs = 1\nx,y\n1,2\n1\n"),
    *(wrote(f"rate {rate}", _table(2, 3, head=f"# fs = {rate}\n")) for rate in ("0", "-1", "nan", "inf", "1e308", "1e-308", "x")),
    wrote("time stands", lambda data: b"t,x\n1,1\n1,2\n1,3\n"),
    wrote("time falls", lambda data: b"t,x\n3,1\n2,2\n1,3\n"),
    wrote("time to 1e300", lambda data: b"t,x\n0,1\n1e300,2\n2e300,3\n"),
    wrote("a gap of 1e12 intervals", lambda data: b"t,x\n0,1\n1,2\n1e12,3\n"),
    wrote("nine tenths in one interval", lambda data: b"t,x\n0,1\n1e9,2\n1000000001,3\n1000000002,3\n"),
    wrote("600 channels", _table(600, 3)),
    wrote("150,000 channels", _table(150_000, 2)),
    wrote("a line of 16 MiB", _table(1, 1, "1" * 16 * MIB), heavy=True),
    wrote("16 MiB of digits", _table(1, 8 * MIB), refuse=False, heavy=True),
    wrote("250 MiB of digits", _table(1, 125 * MIB), heavy=True),
    wrote("19 million values", _table(10, 1_900_000), refuse=False, heavy=True),
    wrote("128 MiB of commas", lambda data: b"," * 128 * MIB, heavy=True),
)


def _npy(header: str, body: bytes = bytes(64), version: bytes = b"\1\0") -> bytes:
    text = header.encode()
    size = struct.pack("<H", len(text)) if version[0] == 1 else struct.pack("<I", len(text))
    return b"\x93NUMPY" + version + size + text + body


def _npz(**arrays: bytes) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in ({"fs": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", struct.pack("<d", 9))} | arrays).items():
                zipped.writestr(f"{name}.npy", content)
        return out.getvalue()

    return make


def _array(descr: str, shape: str, n_bytes: int = 64, order: str = "False") -> bytes:
    return _npy(f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}}}", bytes(n_bytes))


def _big(name: str, dtype: str, n: int) -> Lie:
    return wrote(name, lambda data: _npz(x=_array(dtype, f"({n}, 1)", n * np.dtype(dtype).itemsize))(data), False, heavy=True)


NPZ = (
    *(wrote(f"shape {shape}", _npz(x=_array("<f8", shape))) for shape in (
        "(True, 3)", "(-1, 3)", "(2**62, 2)", "(4611686018427387904, 4)", "(0, 3)", "(3, 0)", "(9, 1)", "(1.0, 3)",
        "None", "(2, 2, 2)", "('a',)", "(8,", "(" * 700, "[" * 9000)),
    *(wrote(f"type {descr}", _npz(x=_array(descr, "(4, 2)"))) for descr in ("|O", "<U2", "<c8", "|b1", "|V8", "<M8[s]", "|S8", "x")),
    wrote("NaN", _npz(x=_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}", np.full(8, np.nan).tobytes()))),
    wrote("a rate of 0", _npz(x=_array("<f8", "(4, 2)"), fs=_array("<f8", "()", 8))),
    wrote("two rates", _npz(x=_array("<f8", "(4, 2)"), fs=_array("<f8", "(2,)", 16))),
    wrote("names of channels are missing", _npz(x=_array("<f8", "(4, 2)"), channels=_array("<U1", "(1,)", 4))),
    wrote("version 9", _npz(x=_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}", version=b"\x09\0"))),
    wrote("a header of 1 MiB", _npz(x=_npy(" " * MIB + "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}", version=b"\2\0"))),
    wrote("no arrays", lambda data: b"PK\5\6" + bytes(18)),
    wrote("5,000 arrays", _npz(**{f"a{k}": b"" for k in range(5000)})),
    wrote("a bomb of 1 GiB", lambda data: _npz(x=b"\x93NUMPY\1\0" + bytes(1 << 30))(data), heavy=True),
    _big("19 million doubles", "<f8", 19_000_000),
    _big("19 million bytes", "|i1", 19_000_000),
)  # fmt: skip


def _member(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(data)
            tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    return make


def _zipped(name: str, data: bytes = b"x", mode: int = 0, times: int = 1) -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            for _ in range(times):
                info = zipfile.ZipInfo(name)
                info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
                zipped.writestr(info, data)
        return out.getvalue()

    return make


def _at(mark: bytes, offset: int, form: str, value: int) -> Callable[[bytes], bytes]:
    """A field of the last record with that mark."""

    def make(data: bytes) -> bytes:
        place = data.rfind(mark) + offset
        return data[:place] + struct.pack(form, value) + data[place + struct.calcsize(form) :]

    return make


OUTSIDE = ("../x", "/tmp/fuzzed-outside", "a/../../x", "C:/x", "\\x", "a\\..\\..\\x", "//host/x")
ZIP = (
    *(wrote(f"member {name}", _zipped(name)) for name in OUTSIDE),
    wrote("a link", _zipped("x", b"/etc/passwd", 0o120777)),
    wrote("a device", _zipped("x", b"", 0o020666)),
    wrote("a name twice", _zipped("x", times=2)),
    wrote("a bomb", _zipped("x", bytes(64 * MIB))),
    wrote("5,000 members", _zipped("x", times=5000)),
    wrote("a negative offset", _at(b"PK\5\6", 16, "<I", 2**32 - 1)),
    wrote("offset 0 of the directory", _at(b"PK\5\6", 16, "<I", 0)),
    wrote("a member at 2^32 - 2", _at(b"PK\1\2", 42, "<I", 2**32 - 2)),
    wrote("encrypted", _at(b"PK\1\2", 8, "<H", 1)),
    wrote("compression 99", _at(b"PK\1\2", 10, "<H", 99)),
    wrote("another checksum", _at(b"PK\1\2", 16, "<I", 1)),
    wrote("size of 4 GiB", _at(b"PK\1\2", 24, "<I", 2**32 - 2), refuse=False),
    wrote("a name of 60,000 letters", _zipped("x" * 60_000), refuse=False),
    wrote("700 folders deep", _zipped("a/" * 700 + "x"), refuse=False),
)
TAR = (
    *(wrote(f"member {name}", _member(name)) for name in OUTSIDE),
    *(wrote(f"kind {kind!r}", _member("x", b"", kind, "/etc/passwd")) for kind in (
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)),
    wrote("a bomb", _member("x", bytes(64 * MIB))),
    wrote("a bomb of nothing", lambda data: gzip.compress(bytes(256 * MIB)), refuse=False, heavy=True),
    wrote("a header of 200 MiB", lambda data: _long_header(200 * MIB), heavy=True),
    wrote("half of it", lambda data: data[: len(data) // 2]),
)  # fmt: skip


def _long_header(size: int) -> bytes:
    """A pax header that long before the member's own."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    return gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(size) + tarfile.TarInfo("x").tobuf() + bytes(1024))


def tensors(name: str, change: Callable[[dict[str, np.ndarray], dict[str, str], Random], None], refuse: bool = True) -> Lie:
    """A safetensors file with other values in it."""

    def build(path: Path, rng: Random) -> None:
        with safe_open(path, "np") as file:
            arrays, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
        change(arrays, metadata, rng)
        save_file(arrays, path, metadata)

    return Lie(name, build, refuse)


def _fill(value: float, prefix: str = "") -> Callable[[dict, dict, Random], None]:
    def change(arrays: dict, metadata: dict, rng: Random) -> None:
        names = [k for k, v in arrays.items() if k.startswith(prefix) and v.size and v.dtype.kind == "f"]
        name = rng.choice(sorted(names))
        arrays[name] = arrays[name].copy()
        arrays[name].flat[rng.randrange(arrays[name].size)] = value

    return change


def _drop(arrays: dict, metadata: dict, rng: Random) -> None:
    del arrays[rng.choice(sorted(arrays))]


def _reshape(arrays: dict, metadata: dict, rng: Random) -> None:
    name = rng.choice(sorted(arrays))
    arrays[name] = rng.choice((arrays[name][..., None].copy(), np.repeat(arrays[name].ravel(), 2), np.zeros(0)))


def _retype(arrays: dict, metadata: dict, rng: Random) -> None:
    name = rng.choice(sorted(arrays))
    arrays[name] = arrays[name].astype(rng.choice(("i8", "u1", "f2", "?")))


def _meta(value: object, key: str | None = None) -> Callable[[dict, dict, Random], None]:
    def change(arrays: dict, metadata: dict, rng: Random) -> None:
        metadata[key or rng.choice(sorted(metadata))] = value if isinstance(value, str) else json.dumps(value)

    return change


def _header(text: bytes, size: int | None = None) -> Callable[[bytes], bytes]:
    return lambda data: struct.pack("<Q", len(text) if size is None else size) + text + bytes(64)


WRONG_META = (None, -1, 0, 1e308, "x", [], [[]], {}, True, "NaN", "Infinity", "[" * 700 + "]" * 700, "{")
TENSORS = (
    wrote("a header of 2^63", _header(b"{}", 2**63)),
    wrote("a header of 90 MB promised", _header(b"{}", 90_000_000)),
    wrote("nested 700 deep", _header(b'{"x":' + b"[" * 700 + b"]" * 700 + b"}")),
    wrote("nested 100,000 deep", _header(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    wrote("no object", _header(b"[]")),
    wrote("16 MiB of names", _header(b'{"' + b"a" * 16 * MIB + b'": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'), heavy=True),
    tensors("a tensor is missing", _drop),
    tensors("another shape", _reshape),
    tensors("another type", _retype, refuse=False),
)
NAN = (tensors("NaN", _fill(np.nan)), tensors("infinity", _fill(np.inf)))
ACTIVITY = (
    *TENSORS,
    *NAN,
    tensors("a negative count", _fill(-1.0, "spikes.")),
    tensors("a negative time", _fill(-1e-3, "near_s.")),
    tensors("1e308 spikes", _fill(1e308, "spikes.")),
    *(tensors(f"{key} = {value!r:.20}", _meta(value, key)) for key in ("n_clips", "duration_s", "window")
      for value in WRONG_META if value not in (0, 1e308) or key != "window"),
)  # fmt: skip
CHECKPOINT = (
    *TENSORS,
    *(tensors(f"NaN in {part}", _fill(np.nan, part)) for part in ("best.", "model.", "optimiser.")),
    tensors("a negative second moment", _fill(-1e9, "optimiser."), refuse=False),
    *(tensors(f"progress = {value!r:.20}", _meta(value, "progress")) for value in WRONG_META),
)
MODEL = (*TENSORS, *NAN)
RESERVOIR = (
    *MODEL,
    *(tensors(f"regularisation = {value!r:.20}", _meta(value, "regularisation")) for value in WRONG_META if value != 0 and value is not True),
    *(tensors(f"{name} is 0", _fill(0.0, name), refuse=False) for name in ("wires.tau_mem", "tuning.scale")),
    tensors("a negative time constant", _fill(-1.0, "wires.tau_mem")),
)


def _raw(n_vectors: object, n_points: object, names: int = 2, values: bytes = bytes(48)) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        head = f"Title: t\nFlags: real\nNo. Variables: {n_vectors}\nNo. Points: {n_points}\nVariables:\n"
        return (head + "".join(f"\t{k}\tv{k}\tvoltage\n" for k in range(names)) + "Binary:\n").encode() + values

    return make


def _sparse_raw(path: Path, rng: Random) -> None:
    path.write_bytes(_raw(2, 1 << 28)(b""))
    _sparse((4 << 30) + 200)(path, rng)


RAW = (
    *(wrote(f"{n} of {p}", _raw(n, p)) for n, p in ((2, 2**62), (2**63, 2**63), (0, 3), (2, 0), (2, -3), ("\u0662", 3), (2, "1" * 5000), (1, 6))),
    wrote("NaN", _raw(2, 3, values=np.full(6, np.nan).tobytes())),
    wrote("names twice", lambda data: data.replace(b"v(a)", b"time")),
    Lie("4 GiB that is all hole", _sparse_raw),
    wrote("200 MiB of values", lambda data: _raw(2, 13_000_000, values=bytes(208_000_000))(data), refuse=False, heavy=True),
)
DEEP = tuple(
    wrote(f"{depth} brackets", lambda data, depth=depth: data + b"\nx = " + b"[" * depth + b"]" * depth + b"\n")
    for depth in (90, 700, 100_000)
)
TOML = (
    *DEEP,
    wrote("a key twice", lambda data: data + b"\nzzz = 1\nzzz = 2\n"),
    wrote("an unknown key", lambda data: b"zzz = 1\n" + data),
    wrote("20,000 tables deep", lambda data: data + b"\n[" + b".".join([b"a"] * 20_000) + b"]\n"),
    wrote("100,000 keys", lambda data: b"".join(b"k%d = 1\n" % k for k in range(100_000)) + data, heavy=True),
    wrote("16 MiB of text", lambda data: b'zzz = "' + b"a" * 16 * MIB + b'"\n' + data, heavy=True),
)
JSON = tuple(
    wrote(f"{depth} brackets", lambda data, depth=depth: b'{"x": ' + b"[" * depth + b"]" * depth + b"}")
    for depth in (90, 700, 100_000)
) + tuple(wrote(text, lambda data, text=text: text.encode()) for text in ("null", "[]", "0", "NaN", '"x"', "{}", "[[]]", "true"))


def values(*pairs: tuple[str, str]) -> tuple[Lie, ...]:
    """Texts in the place of others: a key that a file has, and its line as it must not be."""
    return tuple(wrote(f"{new:.60}", lambda data, old=old, new=new: _line(data, old, new)) for old, new in pairs)


def _line(data: bytes, start: str, new: str) -> bytes:
    lines = data.decode().splitlines()
    return "\n".join(new if line.startswith(start) else line for line in lines).encode()


MANIFEST = values(
    ("labels", "labels = [[]]"), ("labels", "labels = [1, 2]"), ("labels", 'labels = ["a", ""]'), ("n_clips", "n_clips = -1"),
    ("n_clips", "n_clips = true"), ("sample_rate_hz", "sample_rate_hz = 0"), ("sample_rate_hz", "sample_rate_hz = -8000"),
    ("max_bytes", "max_bytes = -1"), ("max_files", "max_files = 9223372036854775808"), ("name", 'name = "../x"'),
    ("name", 'name = ""'), ("name", 'name = "a\\nb"'), ("keep", 'keep = "../.."'), ("url", 'url = "file:///etc/passwd"'),
    ("layout", "layout = [[]]"),
)  # fmt: skip
CHIP = values(*(
    (key, f'{key} = {{ value = {value}, source = "x" }}')
    for key, wrong in {
        "cores": ("0", "-1", "1.5", "1e12", "nan", "true", '"1"', "[]"),
        "neurons": ("-1", "1e308", "inf", "[[]]"),
        "lines": ("-1", "nan", "{}"),
        "synapses": ("-1", "1.5"),
        "weight_bits": ("1e12", "0", "-1", "nan", "1.5", "9223372036854775808", "64000"),
        "node_m": ("0", "-1", "nan", "1e308"),
        "width_m": ("0", "-1e-6", "nan", "1", "1e308"),
        "c_mem_f": ("0", "-1e-15", "1e308", "nan"),
        "v_threshold_v": ("0", "-0.4", "nan", "1e308"),
        "v_dd_v": ("0", "-1", "1e308"),
        "device": ('"none"', "1", "[]", '"../x.csv"'),
    }.items()
    for value in wrong
))  # fmt: skip
