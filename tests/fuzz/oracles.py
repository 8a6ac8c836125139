"""What must hold of a value that a reader accepted, by another way than the reader's: "" where it holds."""

import csv
import re
import tarfile
import tomllib
import wave
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from lies import ELSEWHERE

MAGIC = {
    ".wav": (b"RIFF", b"RIFX", b"RF64"),
    ".flac": (b"fLaC", b"ID3"),
    ".ogg": (b"OggS",),
    ".aiff": (b"FORM",),
    ".au": (b".snd", b"dns."),
    ".w64": (b"riff",),
    ".rf64": (b"RF64", b"RIFF"),
    ".caf": (b"caff",),
}
SPLITS = {"train", "validation", "test"}


def _all(*pairs: tuple[bool, str]) -> str:
    return next((problem for holds, problem in pairs if not holds), "")


def nothing(value: Any, path: Path) -> str:
    return ""


def sound(value: tuple[Any, ...], path: Path) -> str:
    """Samples in [-1, 1], those that `wave` reads, as many as were checked, in a container that the suffix promises."""
    (samples, rate), info = value
    with path.open("rb") as file:
        magic = file.read(4)
    return _all(
        (
            samples.ndim == 1 and samples.size > 0 and samples.dtype == np.float32,
            f"samples {samples.shape} {samples.dtype}",
        ),
        (np.abs(samples).max() <= 1 + 1e-6, "samples beyond full scale"),
        (1_000 <= rate <= 768_000 and rate == info.sample_rate, f"rate {rate}, {info.sample_rate}"),
        (abs(info.duration_s * rate - samples.size) < 1, f"{samples.size} samples, checked {info.duration_s} s"),
        (magic.startswith(MAGIC[path.suffix]), f"{path.suffix} begins with {magic!r}"),
    ) or _as_wave(samples, path)


def _as_wave(samples: np.ndarray, path: Path) -> str:
    with suppress(wave.Error, EOFError, RuntimeError, OverflowError):
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2 or not 0 < file.getnframes() <= path.stat().st_size:
                return ""  # a size left open, which the module takes for the file's
            raw = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        if len(raw) == samples.size and np.abs(raw.mean(1) / 2**15 - samples).max() > 1e-4:
            return "other samples than those of the module wave"
    return ""


def signal(value: Any, path: Path) -> str:
    """A checked signal, its values those of another parser where it is read row by row."""
    read, names = value
    values = read.values
    return _all(
        (values.ndim == 2 and values.size > 0, f"values of shape {values.shape}"),
        (0.01 <= read.sample_rate <= 1e6, f"rate {read.sample_rate}"),
        (len(set(read.channels)) == len(read.channels) == values.shape[1], f"channels {read.channels[:5]}"),
        (read.channels == names, f"names without the samples: {names[:5]}, with them: {read.channels[:5]}"),
    ) or (_as_csv(read, path) if path.suffix == ".csv" else _as_numpy(values, path))


def _as_csv(read: Any, path: Path) -> str:
    text = path.read_text(encoding="utf-8-sig")
    lines = [line for line in re.split("\r\n|\n|\r", text) if line.strip() and not line.lstrip().startswith("#")]
    found = list(csv.reader(lines[1:], delimiter=max(",;\t", key=lines[0].count)))
    if len(found) != len(read.values) or len(found[0]) != len(read.channels):
        return (
            ""
            if len(found[0]) == len(read.channels) + 1
            else f"{len(found)} rows of {len(found[0])}, read {read.values.shape}"
        )
    return (
        "" if np.array_equal(np.array(found, dtype=float), read.values) else "other values than those of the module csv"
    )


def _as_numpy(values: np.ndarray, path: Path) -> str:
    with np.load(path, allow_pickle=False) as arrays:
        tables = [arrays[name] for name in ("signal", "x") if name in arrays.files]
        tables += [arrays[name] for name in arrays.files if arrays[name].ndim == 2]
    return (
        "" if tables and np.array_equal(tables[0].reshape(len(tables[0]), -1), values) else "other values than NumPy's"
    )


def layout(value: Any, path: Path) -> str:
    """Recordings that are there, each with a word and a split."""
    return _all(
        (bool(value.recordings), "no recordings"),
        (all(r.path.is_file() for r in value.recordings), "a recording that is not there"),
        (all(r.split in SPLITS for r in value.recordings), "an unknown split"),
        (all(r.word in value.words for r in value.recordings), "a word that is none of the words"),
        (len(set(value.words)) == len(value.words) and all(value.words), f"words {value.words}"),
        (len({r.name for r in value.recordings}) == len(value.recordings), "a name twice"),
    )


def scanned(value: Any, path: Path) -> str:
    """Either bad, or with a length; what is no file is bad."""
    if path.exists() and not path.is_file() and not path.is_dir() and path not in {f.path for f in value.bad}:
        return "a pipe or device that is not named"
    ok = all(f.problem or (f.duration_s > 0 and f.sample_rate > 0 and f.n_channels > 0) for f in value.files)
    return "" if ok else "a usable file without a length"


def toml(value: Any, path: Path) -> str:
    """What tomllib takes, a mark of byte order aside."""
    try:
        tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"no TOML: {error}"
    return ""


def manifest(value: Any, path: Path) -> str:
    numbers = (value.n_clips, value.n_speakers, value.archive_bytes, value.max_bytes, value.max_files)
    return toml(value, path) or _all(
        (all(type(n) is int and n >= 0 for n in numbers), f"numbers {numbers}"),
        (1_000 <= value.sample_rate_hz <= 768_000, f"sample rate {value.sample_rate_hz}"),
        (all(isinstance(label, str) and label for label in value.labels), f"labels {value.labels!r:.80}"),
        (
            all(isinstance(name, str) and name and _below(name) for name in value.folders),
            f"folders {value.folders!r:.80}",
        ),
        (_below(value.keep), f"keep {value.keep!r:.80}"),
    )


def _below(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def recipe(value: Any, path: Path) -> str:
    """It can be written and read again."""
    import tomli_w

    from snn.recipes.reader import to_table
    from snn.recipes.recipe import parse_recipe

    again = parse_recipe(tomli_w.dumps(to_table(value)))
    return "" if again == value else "not the same after it was written and read"


def quantity(value: float, path: Path) -> str:
    found = re.fullmatch(rb"\s*([-+]?\d+(?:\.\d+)?)\s*(?:([fpnumkMG]?)s)?\s*", path.read_bytes())
    if not found:
        return "" if isinstance(value, float) else f"{value!r} is no float"
    factor = dict(zip("fpnumkMG", (-15, -12, -9, -6, -3, 3, 6, 9), strict=True)).get((found[2] or b"").decode(), 0)
    return "" if value == float(Decimal(found[1].decode()).scaleb(factor)) else f"{value} for {found[0]!r}"


def device(value: Any, path: Path) -> str:
    current = (
        value.current(value.v_onset + np.array([0.1, 0.5, 1.0]), 1e-6) if hasattr(value, "current") else np.ones(1)
    )
    return _all(
        (value.prefactor > 0 and value.v_slope > 0, f"{value.prefactor}, {value.v_slope}"),
        (bool(np.isfinite(current).all() and (current >= 0).all()), f"currents {current}"),
    )


def energy(value: dict[str, Any], path: Path) -> str:
    """Joules that are none or more, and the parts of which sum to the total."""
    joules = [x for x in value["parts_j"].values() if x is not None]
    return _all(
        (value["total_j"] > 0, f"total {value['total_j']} J"),
        (all(x >= 0 for x in joules), f"parts {joules}"),
        (
            abs(sum(joules) - value["total_j"]) <= 1e-6 * value["total_j"],
            f"parts {sum(joules)} J, total {value['total_j']} J",
        ),
    )


def activity(value: Any, path: Path) -> str:
    arrays = (*value.spikes.values(), *value.near_threshold.values(), value.input_spikes)
    return _all(
        (type(value.n_clips) is int and value.n_clips >= 1, f"n_clips {value.n_clips!r}"),
        (value.duration > 0 and value.window >= 0, f"duration {value.duration}, window {value.window}"),
        (all((array >= 0).all() for array in arrays), "a negative count or time"),
    )


def progress(value: Any, path: Path) -> str:
    """Weights of the model's shapes, epochs in order, and the best of them among them."""
    best, model, _, reached = value
    rows = [row.epoch for row in reached.history]
    return _all(
        (
            {k: v.shape for k, v in best.items()} == {k: v.shape for k, v in model.items()},
            "best weights of other shapes",
        ),
        (rows == list(range(1, reached.epoch + 1)), f"epoch {reached.epoch}, rows {rows[:5]}"),
        (
            type(reached.best_epoch) is int and 0 <= reached.best_epoch <= reached.epoch,
            f"best epoch {reached.best_epoch}",
        ),
        (0 <= reached.best_accuracy <= 1, f"best accuracy {reached.best_accuracy}"),
    ) or history(reached.history, path)


def history(value: list[Any], path: Path) -> str:
    return _all(
        ([row.epoch for row in value] == list(range(1, len(value) + 1)), f"epochs {[row.epoch for row in value][:5]}"),
        (all(0 <= row.validation_accuracy <= 1 for row in value), "an accuracy outside 0 to 1"),
        (all(row.seconds >= 0 and row.learning_rate >= 0 for row in value), "negative seconds or learning rate"),
    )


def metrics(value: Any, path: Path) -> str:
    told = value.as_dict()
    negative = [key for key, x in told.items() if isinstance(x, int | float) and x < 0]
    wrong = [key for key in ("test_accuracy", "validation_accuracy") if told[key] > 1]
    return f"impossible {negative + wrong}" if negative or wrong else ""


def identity(value: Any, path: Path) -> str:
    parts = value.parts
    return _all(
        (all(isinstance(label, str) for label in value.labels), f"labels {value.labels!r:.80}"),
        (
            isinstance(value.sample_rate, int | float) and value.sample_rate > 0,
            f"sample rate {value.sample_rate!r:.80}",
        ),
        (all(type(p.n_clips) is int and p.n_clips >= 0 for p in parts), "n_clips is no count"),
        (all(re.fullmatch("[0-9a-f]{64}", text) for p in parts for text in (p.names, p.contents)), "no SHA-256"),
        (all(p.split in SPLITS and isinstance(p.label, str) for p in parts), "no split or label"),
    )


def config(value: Any, path: Path) -> str:
    _, data, labels, rate = value
    return _all(
        (
            bool(data) and len(set(labels)) == len(labels) >= 1 and all(labels),
            f"data {data!r:.40}, labels {labels!r:.80}",
        ),
        (type(rate) is not bool and rate > 0, f"sample rate {rate!r}"),
    )


def waves(value: dict[str, np.ndarray], path: Path) -> str:
    sizes = {array.shape for array in value.values()}
    return "" if value and len(sizes) == 1 and sizes.pop()[0] > 0 else f"vectors of shapes {sizes}"


def unpacked(value: Path, path: Path) -> str:
    """Below the target, and nothing else: the bytes that another program finds in the archive."""
    found = [p for p in value.rglob("*") if not p.is_dir()]
    beside = {p.name for p in value.parent.iterdir()} - {value.name, path.name}
    return _all(
        (all(p.is_file() and not p.is_symlink() for p in found), "a link or device"),
        (sum(p.stat().st_size for p in found) <= 10_000, "more bytes than the limit"),
        (not beside, f"beside the target: {beside}"),
        (not ELSEWHERE.exists(), "outside"),
    ) or _as_archive(value, found, path)


def _as_archive(target: Path, found: list[Path], path: Path) -> str:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as zipped:
            members = {info.filename: zipped.read(info) for info in zipped.infolist() if not info.is_dir()}
    else:
        with tarfile.open(path, "r:gz") as tar:
            members = {item.name: tar.extractfile(item).read() for item in tar if item.isreg()}
    read = {str(p.relative_to(target)): p.read_bytes() for p in found}
    wanted = {str(Path(name)): data for name, data in members.items()}
    return "" if read == wanted else f"files {sorted(read)[:5]}, the archive has {sorted(wanted)[:5]}"
