"""The readers of the product, one row each: a new reader is one row more."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oracles
import torch
from command_line import argument, command, run_lines
from false_archives import TAR, ZIP
from false_signals import CSV, NPZ, RAW
from false_sound import WAV
from false_tensors import ACTIVITY, ALONE, CHECKPOINT, MODEL, RESERVOIR
from lies import ANY, BAD_FILE, CHIP, DEEP, JSON, MANIFEST, NO_FILE, TOML
from mutations import mutate_arguments, mutate_both, mutate_bytes, mutate_text
from reader import Reader

from circuits.chips import load_chip
from circuits.device.device_file import load_device
from circuits.literature.processors import load_processors
from circuits.literature.published import load_published
from circuits.literature.spotters import load_spotters
from circuits.netlist.ngspice import run_ngspice
from circuits.netlist.rawfile import read_raw
from circuits.units import quantity
from snn.data.corpora.check import scan
from snn.data.corpora.identity import read_identity
from snn.data.corpora.layouts import read_layout
from snn.data.recordings.audio_file import check_audio, read_audio
from snn.data.sets.archive import Limits, unpack
from snn.data.sets.manifest import read_manifest
from snn.data.signals.signal_file import read_signal, signal_channels
from snn.experiments.history import read_history
from snn.experiments.run_folder import load_activity, load_run, read_config
from snn.recipes.recipe import load_recipe, parse_recipe
from snn.training.checkpoint import load_checkpoint

MOST_NAMES = 200  # that a folder gets from a file


def _text(path: Path) -> str:
    return argument(path.read_bytes())


def _named_folder(path: Path) -> Any:
    """A folder with the files that a list names, as far as the system takes them, whatever is in them."""
    folder = path.with_suffix("")
    folder.mkdir()
    for name in path.read_bytes().split(b"\n")[:MOST_NAMES]:
        file = os.path.normpath(os.path.join(os.fsencode(folder), name.lstrip(b"/")))  # noqa: PTH118
        if not file.startswith(os.fsencode(folder) + b"/"):
            continue
        try:
            os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120
            Path(os.fsdecode(file)).write_bytes(b"RIFF")
        except (OSError, ValueError, RecursionError):
            continue
    return read_layout(folder)


def _checkpoint(path: Path) -> Any:
    """The best weights, those of the model, the moments of the optimiser, and the progress."""
    model = load_run(path.parent).model
    optimiser = torch.optim.AdamW(model.parameters(), 0.01)
    best, progress = load_checkpoint(path, model, optimiser)
    return best, model.state_dict(), optimiser.state_dict()["state"], progress


def _unpacked(path: Path) -> Path:
    target = path.with_name("target")
    target.mkdir()
    unpack(path, target, Limits(max_bytes=10_000, max_files=20))
    return target


def _measured(path: Path) -> dict[str, float]:
    """What is read from a simulator that prints the file."""
    program = path.parent / "bin" / "ngspice"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec cat "{path}"\n')
    program.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{program.parent}:{before}"
    try:
        return run_ngspice(path, timeout_s=4)
    finally:
        os.environ["PATH"] = before


def _settings(kind: str):
    return lambda path: parse_recipe(f'name = "x"\nkind = "{kind}"\n', [_text(path)])


def _audio(suffix: str, seeds: str | None = None, *, name: str = "") -> Reader:
    return Reader(
        name or f"{suffix} recording", seeds or f"audio/{suffix}/*", f"fuzzed.{suffix}",
        lambda path: (read_audio(path), check_audio(path)), oracles.sound, mutate_bytes,
        ANY + (WAV if suffix == "wav" and not name else ()),
    )  # fmt: skip


def _signal(suffix: str, mutate, wrong) -> Reader:
    read = lambda path: (read_signal(path), signal_channels(path))  # noqa: E731
    return Reader(
        f"{suffix} signal", f"signals/{suffix}/*", f"fuzzed.{suffix}", read, oracles.signal, mutate, ANY + wrong
    )


def _run(kind: str, file: str, read, check, mutate, wrong=()) -> Reader:
    around = f"runs/{kind}"
    return Reader(f"{kind}'s {file}", f"{around}/{file}", f"run/{file}", read, check, mutate, wrong, around)


def _in_folder(read):
    return lambda path: read(path.parent)


def _mapped(path: Path) -> dict[str, Any]:
    return command("map", str(path.parent), "--json")


READERS = (
    *(_audio(suffix) for suffix in ("wav", "flac", "ogg", "aiff", "au", "w64", "rf64", "caf")),
    _audio("wav", "audio/*/*", name="wav of any content"),
    _signal("csv", mutate_text, CSV),
    _signal("npz", mutate_bytes, NPZ),
    Reader("names of a folder", "corpora/names/*", "fuzzed.txt", _named_folder, oracles.layout, mutate_text,
           named=False),
    Reader("official list", "corpora/lists/*", "folder/testing_list.txt", _in_folder(read_layout), oracles.layout,
           mutate_text, around="corpora/words", named=False),
    Reader("corpus.json", "corpora/embedded/*.json", "folder/corpus.json", _in_folder(read_layout), oracles.layout,
           mutate_text, JSON, around="corpora/embedded", named=False),
    Reader("folder with a recording", "audio/wav/*", "folder/low/fuzzed.wav", lambda path: scan(path.parents[1]),
           oracles.scanned, mutate_bytes, BAD_FILE, around="corpora/words/low", named=False),
    Reader("manifest", "manifests/*", "fuzzed.toml", read_manifest, oracles.manifest, mutate_text,
           ANY + TOML + MANIFEST),
    Reader("recipe", "recipes/*", "fuzzed.toml", load_recipe, oracles.recipe, mutate_text, ANY + TOML),
    Reader("setting of a spotter", "settings/spotter/*", "fuzzed.txt", _settings("spotter"), oracles.recipe,
           mutate_text, named=False),
    Reader("setting of a reservoir", "settings/reservoir/*", "fuzzed.txt", _settings("reservoir"), oracles.recipe,
           mutate_text, named=False),
    Reader("setting of a conventional network", "settings/conventional/*", "fuzzed.txt", _settings("conventional"),
           oracles.recipe, mutate_text, named=False),
    Reader("quantity", "units/*", "fuzzed.txt", lambda path: SimpleNamespace(s=quantity(_text(path), "s", "duration")),
           lambda value, path: oracles.quantity(value.s, path), mutate_text, named=False),
    Reader("chip", "chips/*", "fuzzed.toml", load_chip, oracles.toml, mutate_text, ANY + TOML + CHIP),
    Reader("chip that a run is placed on", "chips/*", "run/fuzzed.toml",
           lambda path: command("map", str(path.parent), "--chip", str(path), "--json"), oracles.energy, mutate_text,
           CHIP, around="runs/spotter"),
    Reader("device", "devices/*", "fuzzed.toml", load_device, oracles.device, mutate_text, ANY + TOML),
    Reader("points", "points/*.csv", "fuzzed.csv", load_device, oracles.device, mutate_text, ANY),
    Reader("neuron of a device", "points/*.csv", "fuzzed.csv",
           lambda path: command("neuron", "--device", str(path), "--json"), oracles.nothing, mutate_text),
    Reader("published neurons", "published/published.toml", "fuzzed.toml", load_published, oracles.toml, mutate_text,
           ANY + TOML),
    Reader("published processors", "published/processors.toml", "fuzzed.toml", load_processors, oracles.toml,
           mutate_text, ANY + TOML),
    Reader("published spotters", "published/spotters.toml", "fuzzed.toml", load_spotters, oracles.toml, mutate_text,
           ANY + TOML),
    Reader("zip archive", "archives/*.zip", "fuzzed.zip", _unpacked, oracles.unpacked, mutate_bytes, ANY + ZIP),
    Reader("tar archive", "archives/*.tar.gz", "fuzzed.tar.gz", _unpacked, oracles.unpacked, mutate_bytes,
           ANY + TAR),
    Reader("ngspice's waves", "raw/*", "fuzzed.raw", read_raw, oracles.waves, mutate_both, ANY + RAW),
    Reader("ngspice's measurements", "measurements/*", "fuzzed.log", _measured, oracles.nothing, mutate_text),
    *(row for kind in ("spotter", "reservoir") for row in (
        _run(kind, "config.toml", _in_folder(read_config), oracles.config, mutate_text, ANY + DEEP),
        _run(kind, "config.toml", _mapped, oracles.energy, mutate_text, ANY),
        _run(kind, "metrics.json", lambda path: load_run(path.parent).metrics, oracles.metrics, mutate_text, JSON),
        _run(kind, "activity.safetensors", _in_folder(load_activity), oracles.activity, mutate_both, ANY + ALONE),
        _run(kind, "activity.safetensors", _mapped, oracles.energy, mutate_both, ANY + ACTIVITY),
    )),
    _run("spotter", "model.safetensors", _mapped, oracles.energy, mutate_both, ANY + MODEL),
    _run("reservoir", "model.safetensors", _mapped, oracles.energy, mutate_both, ANY + RESERVOIR),
    _run("spotter", "data.json", read_identity, oracles.identity, mutate_text, ANY + JSON),
    _run("spotter", "history.csv", _in_folder(read_history), oracles.history, mutate_text, NO_FILE),
    _run("spotter", "checkpoint.safetensors", _checkpoint, oracles.progress, mutate_both, ANY + CHECKPOINT),
    Reader("recording that is checked", "audio/wav/*", "fuzzed.wav",
           lambda path: command("data", "check", str(path), "--json"), oracles.nothing, mutate_bytes, named=False),
    *(Reader("command line", "commands/*", "fuzzed.txt", run_lines, oracles.nothing, mutate_arguments, around="bench",
             named=False, seconds=20.0) for _ in range(4)),  # as often as four others
)  # fmt: skip
