"""A small valid file of every format that is read, made anew in a folder: what the fuzzer changes."""

import io
import re
import shutil
import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
import torch

from snn.data.sets.manifest import FOLDERS
from snn.experiments.history import write_history
from snn.experiments.run_folder import load_run
from snn.experiments.train import train
from snn.recipes.reader import to_table
from snn.recipes.recipe import load_recipe, parse_recipe, recipe_names
from snn.training.checkpoint import CHECKPOINT, EpochRecord, Progress, save_checkpoint

RATE, N = 8000, 1600
AUDIO = {  # suffix: container and encodings, by their names in libsndfile
    "wav": ("WAV", ("PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM")),
    "flac": ("FLAC", ("PCM_16", "PCM_24")),
    "ogg": ("OGG", ("VORBIS",)),
    "aiff": ("AIFF", ("PCM_16",)),
    "au": ("AU", ("PCM_16",)),
    "w64": ("W64", ("PCM_16",)),
    "rf64": ("RF64", ("PCM_16",)),
    "caf": ("CAF", ("PCM_16",)),
}
SPOTTER = """
name = "tiny"
[features]
n_mels = 8
duration_s = 0.2
[network]
hidden = [4]
dropout = 0.0
[augment]
copies = 0
[training]
epochs = 1
"""
RESERVOIR = """
name = "tiny-reservoir"
kind = "reservoir"
[ear]
bank = "mel"
n_channels = 6
duration_s = 0.2
[reservoir]
lattice = [2, 2, 3]
[readout]
n_bins = 2
[learning]
epochs = 1
"""
RAW = "Title: * t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: 2\nNo. Points: 3\nVariables:\n"
MEASUREMENTS = (
    "Circuit: * t\n\nperiod              =  1.23456e-06 targ=  2.0e-06 trig=  7.7e-07\nv_max               =  4.0e-01\n"
)
COMMANDS = (  # one that is fast each
    "neuron --device 32nm-pdsoi --v-gs -0.5 --temperature 300K --supply 0.9V --years 1 --scope neuron --compare --json",
    "neuron --rate 50kHz --tau-mem 40us --swing 0.4V --width 1um --c-mem 2fF --json",
    "core --rate 50Hz --duration 1s --neurons 36 --acceleration 1000 --device 32nm-pdsoi --scope core --json",
    "core --run reservoir --scope neuron --json",
    "map spotter --chip btbt-45rfsoi --by part --acceleration 1 --temperature 300K --supply 0.9V --json",
    "map reservoir --chip btbt-45rfsoi --by core --out made --csv made.csv --json",
    "export reservoir --out made --format json --timeout 300s --json",
    "evaluate spotter --data words --split all --device cpu --engine torch --json",
    "train tiny.toml --data missing --out made --seed 1 --set epochs=2 --set tau_mem_s=[20ms,60ms] --device cpu --json",
    "train list --json",
    "corners --device 32nm-pdsoi --v-gs -0.5 --n 20 --seed 1 --jobs 1 --json",
    "data list --json",
    "data check words --json",
    "data prepare nothing --json",
)


def make_seeds(folder: Path) -> None:
    """All of them. Seconds, most of them for training one spotter and one reservoir."""
    rng = np.random.default_rng(0)
    _recordings(folder / "audio", rng)
    _signals(folder / "signals", rng)
    _tables(folder)
    _archives(folder / "archives")
    _corpora(folder / "corpora", rng)
    _runs(folder / "runs", folder / "corpora" / "words")
    _bench(folder / "bench", folder)
    _texts(folder)


def _write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _recordings(folder: Path, rng: np.random.Generator) -> None:
    for suffix, (container, encodings) in AUDIO.items():
        (folder / suffix).mkdir(parents=True)
        for encoding in encodings:
            for n_channels in (1, 2):
                sound = 0.1 * rng.standard_normal((N, n_channels)).clip(-3, 3)
                path = folder / suffix / f"{encoding}{n_channels}.{suffix}"
                soundfile.write(path, sound, RATE, encoding, format=container)
    soundfile.write(folder / "wav" / "big-endian.wav", sound, RATE, "PCM_16", "BIG", "WAV")


def _signals(folder: Path, rng: np.random.Generator) -> None:
    values = rng.standard_normal((20, 3))
    rows = [",".join(f"{value:.6g}" for value in row) for row in values]
    timed = [f"{10 * k},{row}" for k, row in enumerate(rows)]
    _write(folder / "csv" / "noted.csv", "\n".join(["# sample_rate = 100", "x,y,z", *rows, ""]))
    _write(folder / "csv" / "timed.csv", "\n".join(["time (ms);a;b;c", *timed, ""]).replace(",", ";"))
    _write(folder / "csv" / "quoted.csv", "\n".join(["# fs: 50", '"x"\t"y"\t"z"', *rows, ""]).replace(",", "\t"))
    (folder / "npz").mkdir()
    np.savez(folder / "npz" / "plain.npz", signal=values, sample_rate=100.0)
    np.savez_compressed(
        folder / "npz" / "named.npz", x=values.astype("f4"), fs=np.int32(50), channels=np.array(list("abc"))
    )
    np.savez(folder / "npz" / "flat.npz", x=np.arange(50, dtype="i2"), fs=np.array([10.0]))
    for path in (folder / "npz").iterdir():
        _undated(path)


def _undated(path: Path) -> None:
    """The same bytes in every run: NumPy writes the time of day into its archives."""
    with zipfile.ZipFile(path) as zipped:
        members = [(info, zipped.read(info)) for info in zipped.infolist()]
    with zipfile.ZipFile(path, "w") as zipped:
        for info, data in members:
            zipped.writestr(zipfile.ZipInfo(info.filename), data, info.compress_type)


def _tables(folder: Path) -> None:
    """What ships with the package."""
    for name, place in (("recipes", files("snn") / "recipes"), ("chips", files("circuits") / "chips"),
                        ("published", files("circuits") / "literature"),
                        ("points", files("circuits") / "device" / "measured")):  # fmt: skip
        for file in place.iterdir():
            if file.name.endswith((".toml", ".csv")):
                _write(folder / name / file.name, file.read_bytes())
    for path in FOLDERS[1].glob("*/manifest.toml"):
        _write(folder / "manifests" / f"{path.parent.name}.toml", path.read_bytes())
    _write(folder / "devices" / "mine.toml", _device())
    _write(folder / "recipes" / "tiny.toml", SPOTTER)
    _write(folder / "recipes" / "tiny-reservoir.toml", RESERVOIR)


def _device() -> str:
    import tomli_w

    from circuits.device.btbt import DEVICES
    from circuits.device.device_file import table_of_device

    return tomli_w.dumps(table_of_device(DEVICES["32nm-pdsoi"]))


def _archives(folder: Path) -> None:
    content = {"set/a/1.wav": b"1" * 200, "set/b/2.wav": b"\0" * 3000, "set/README": b"text\n"}
    folder.mkdir()
    for name, kind in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w", kind) as zipped:
            for path, data in content.items():
                zipped.writestr(zipfile.ZipInfo(path), data, kind)
    with tarfile.open(folder / "plain.tar.gz", "w:gz") as tar:
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def _corpora(folder: Path, rng: np.random.Generator) -> None:
    """Three words, eight short clips each; names of folders in every layout, one a line."""
    for k, word in enumerate(("low", "middle", "high")):
        (folder / "words" / word).mkdir(parents=True)
        tone = np.sin(2 * np.pi * (300, 900, 2500)[k] * np.arange(N) / RATE)
        for i in range(8):
            noisy = 0.3 * tone + 0.02 * rng.standard_normal(N)
            soundfile.write(folder / "words" / word / f"{i:08x}_nohash_{i}.wav", noisy, RATE)
    names = sorted(p.relative_to(folder / "words").as_posix() for p in (folder / "words").rglob("*.wav"))
    _write(folder / "lists" / "testing_list.txt", "\n".join(names[::4]))
    _write(folder / "names" / "commands.txt", "\n".join(names))
    _write(
        folder / "names" / "fsdd.txt", "\n".join(f"{d}_{s}_{i}.wav" for d in range(3) for s in "ab" for i in range(7))
    )
    _write(
        folder / "names" / "people.txt",
        "\n".join(f"{w}/{s}_{i}.wav" for w in ("yes", "no") for s in "abc" for i in range(3)),
    )
    _write(folder / "embedded" / "corpus.json", '{"kind": "embedded", "splits": {"en": "train", "us": "test"}}')
    for word in ("low", "high"):
        for voice in ("en_0", "us_0", "us_1"):
            _write(folder / "embedded" / word / f"{voice}.wav", (folder / "words" / names[0]).read_bytes())


def _runs(folder: Path, words: Path) -> None:
    """A run of each kind, a checkpoint in that of a spotter; with neither times nor places, so the same every time."""
    for name, text in (("spotter", SPOTTER), ("reservoir", RESERVOIR)):
        train(parse_recipe(text), words, folder / name)
        for file, pattern, new in (("config.toml", re.escape(str(words)), "words"),
                                   ("metrics.json", r'"seconds": [\d.e-]+', '"seconds": 1.5')):  # fmt: skip
            path = folder / name / file
            path.write_text(re.sub(pattern, new, path.read_text()))
    record = EpochRecord(1, 1.0, 0.5, 1.1, 0.01, 0.1)
    write_history(folder / "spotter", [record])
    model, progress = load_run(folder / "spotter").model, Progress()
    optimiser = torch.optim.AdamW(model.parameters(), 0.01)
    for weights in model.parameters():
        weights.grad = torch.ones_like(weights)
    optimiser.step()
    progress.add(record)
    best = {name: value.clone() for name, value in model.state_dict().items()}
    save_checkpoint(folder / "spotter" / CHECKPOINT, model, best, optimiser, progress)


def _bench(folder: Path, seeds: Path) -> None:
    """Where commands run: runs of both kinds, the words and a recipe."""
    for name, place in (("spotter", "runs/spotter"), ("reservoir", "runs/reservoir"), ("words", "corpora/words")):
        shutil.copytree(seeds / place, folder / name)
    shutil.copy(seeds / "recipes" / "tiny.toml", folder)


def _texts(folder: Path) -> None:
    _write(
        folder / "raw" / "waves.raw",
        RAW.encode() + b"\t0\ttime\ttime\n\t1\tv(a)\tvoltage\nBinary:\n" + np.arange(6.0).tobytes(),
    )
    _write(folder / "measurements" / "period.log", MEASUREMENTS)
    for k, text in enumerate(("20 ms", "-0.5", "1e-15s", "50ks", "3", "0.45us", "100 ps", "2e3 ns")):
        _write(folder / "units" / f"{k}.txt", text)
    for name in recipe_names():
        table = to_table(load_recipe(name))
        settings = {f"{s}.{k}": v for s, values in table.items() if isinstance(values, dict) for k, v in values.items()}
        for key, value in settings.items():
            text = str(list(value) if isinstance(value, tuple) else value)
            _write(folder / "settings" / table["kind"] / f"{key}.txt", f"{key}={text}")
    for k, line in enumerate(COMMANDS):
        _write(folder / "commands" / f"{k:02}.txt", line.replace(" ", "\n"))
