"""Every public function of snn.data that takes a path takes its text, and answers alike."""

import importlib
import inspect
import pkgutil
import tarfile
import types
import typing
from pathlib import Path

import numpy as np
import pytest
import soundfile

import snn.data
from snn.data import (
    check_audio,
    load_clip,
    open_corpus,
    prepare,
    read_audio,
    read_identity,
    read_signal,
    require_same_data,
    scan,
    tree_sha256,
    write_identity,
)
from snn.data.corpora.clip import Clip
from snn.data.corpora.identity import corpus_identity, sha256_of_file
from snn.data.corpora.keyword_task import keyword_clips
from snn.data.corpora.layouts import read_layout, refuse_untrainable
from snn.data.corpora.official_lists import read_lists
from snn.data.corpora.open_corpus import data_folder
from snn.data.corpora.voice_task import voice_clips
from snn.data.corpora.word_folders import audio_files, left_out, signal_files, word_files
from snn.data.recordings.audio_file import audio_info
from snn.data.recordings.decoder import file_error
from snn.data.recordings.recording_error import of_file, refusal, refuse_name
from snn.data.sets.archive import Limits, unpack
from snn.data.sets.location import expanded, find_below, recordings_below
from snn.data.sets.manifest import FOLDERS, find_manifest, read_manifest
from snn.data.sets.members import members
from snn.data.sets.publication import explained_disk_errors, own_folder, publish, require_room
from snn.data.signals.signal_file import signal_channels
from snn.data.synthesis.embedded import build_corpus


def takes_a_path(function: typing.Callable) -> list[tuple[str, set]]:
    """Parameters that are a path, with the types that each may have; collections of paths are not meant."""
    hints = typing.get_type_hints(function)
    either = {name: hint for name, hint in hints.items() if typing.get_origin(hint) in (None, types.UnionType)}
    kinds = {name: set(typing.get_args(hint) or [hint]) for name, hint in either.items() if name != "return"}
    return [(name, kind) for name, kind in kinds.items() if Path in kind]


def public_functions() -> dict[str, typing.Callable]:
    """Functions and dataclasses of snn.data whose names have no underscore."""
    found = {}
    for module in pkgutil.walk_packages(snn.data.__path__, "snn.data."):
        if module.name.endswith("espeak_process"):
            continue  # run by path, never imported
        for name, item in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(item) and item.__module__ == module.name and not name.startswith("_"):
                found[f"{module.name}.{name}"] = item
    return found


@pytest.mark.parametrize("name", public_functions())
def test_what_takes_a_path_says_that_it_takes_text(name):
    strict = [parameter for parameter, kind in takes_a_path(public_functions()[name]) if str not in kind]
    assert strict == []


@pytest.fixture
def files(tmp_path) -> Path:
    """Two words with lists, noise, a signal of either kind, and an archive."""
    rng = np.random.default_rng(0)
    for folder in ("words/bed", "words/cat", "words/_background_noise_"):
        (tmp_path / folder).mkdir(parents=True)
        for k in range(4):
            soundfile.write(tmp_path / folder / f"{k:08x}_nohash_0.wav", 0.1 * rng.standard_normal(800), 8000)
    (tmp_path / "words" / "testing_list.txt").write_text("bed/00000000_nohash_0.wav\ncat/00000000_nohash_0.wav\n")
    (tmp_path / "s.csv").write_text("# sample_rate = 50\nx,y\n1,2\n3,4\n")
    np.savez(tmp_path / "s.npz", signal=np.eye(3), sample_rate=50.0)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "s.csv", "s.csv")
    (tmp_path / "sets" / "fsdd").mkdir(parents=True)
    (tmp_path / "sets" / "fsdd" / "0_ann_0.wav").touch()
    return tmp_path


def in_words(call: typing.Callable) -> typing.Callable:
    return lambda root, path: call(path(root / "words"))


def in_clip(call: typing.Callable) -> typing.Callable:
    return lambda root, path: call(path(root / "words" / "bed" / "00000001_nohash_0.wav"))


def unpacked(root: Path, path: type) -> list[str]:
    target = root / f"unpacked-{path.__name__}"
    target.mkdir()
    unpack(path(root / "a.tar.gz"), path(target), Limits(10_000, 10))
    return [p.name for p in target.iterdir()]


def published(root: Path, path: type) -> list[str]:
    place = root / f"published-{path.__name__}"
    require_room(path(place))
    with explained_disk_errors(path(place)), own_folder(path(place)) as part:
        (part / "a").touch()
        publish(path(part), path(place), 1)
    return [p.name for p in place.iterdir()]


def identity(root: Path, path: type) -> object:
    corpus = open_corpus(path(root / "words"))
    write_identity(path(root / "data.json"), corpus_identity(corpus))
    require_same_data(path(root / "data.json"), corpus)
    return read_identity(path(root / "data.json"))


def refused(call: typing.Callable) -> typing.Callable:
    """The message of the error that a call ends with."""

    def message(root: Path, path: type) -> str:
        with pytest.raises(ValueError, match=r".") as caught:
            call(root, path)
        return str(caught.value)

    return message


CALLS = {
    open_corpus: in_words(open_corpus),
    data_folder: in_words(data_folder),
    read_layout: in_words(read_layout),
    scan: in_words(scan),
    read_lists: in_words(read_lists),
    word_files: in_words(word_files),
    left_out: in_words(lambda p: left_out(p, set())),
    tree_sha256: in_words(tree_sha256),
    refuse_untrainable: in_words(lambda p: refuse_untrainable(read_layout(p), p)),
    audio_files: lambda root, path: audio_files(path(root / "words" / "bed")),
    signal_files: lambda root, path: signal_files(path(root)),
    read_audio: in_clip(lambda p: read_audio(p)[0].tolist()),
    check_audio: in_clip(check_audio),
    audio_info: in_clip(audio_info),
    sha256_of_file: in_clip(sha256_of_file),
    file_error: in_clip(lambda p: str(file_error(p, "is wrong", "mend it"))),
    refuse_name: in_clip(refuse_name),
    of_file: in_clip(lambda p: of_file(p).__enter__()),
    refusal: in_clip(lambda p: str(refusal(p, "is wrong", "mend it"))),
    load_clip: in_clip(lambda p: load_clip(Clip(p, 0, "", "train"), 8000, 0.05).tolist()),
    read_signal: lambda root, path: [read_signal(path(root / n)).values.tolist() for n in ("s.csv", "s.npz")],
    signal_channels: lambda root, path: [signal_channels(path(root / name)) for name in ("s.csv", "s.npz")],
    read_manifest: lambda root, path: read_manifest(path(FOLDERS[1] / "fsdd" / "manifest.toml")),
    expanded: in_words(expanded),
    find_below: lambda root, path: find_below(path(root / "sets"), find_manifest("fsdd")),
    recordings_below: in_words(lambda p: sorted(recordings_below(p))),
    prepare: lambda root, path: prepare("fsdd", path(root / "sets")),
    unpack: unpacked,
    members: lambda root, path: [member.name for member in members(path(root / "a.tar.gz"), 10, 1 << 20)],
    require_room: published,
    explained_disk_errors: published,
    own_folder: published,
    publish: published,
    write_identity: identity,
    read_identity: identity,
    require_same_data: identity,
    build_corpus: refused(lambda root, path: build_corpus(path(root / "words"))),
    voice_clips: in_words(lambda p: voice_clips(read_layout(p), str(p) + "/_background_noise_", 0)),
    keyword_clips: refused(in_words(lambda p: keyword_clips(read_layout(p), p, 0))),
}


def test_every_function_that_takes_a_path_is_called_here():
    taking = {name for name, function in public_functions().items() if takes_a_path(function)}
    assert taking <= {f"{function.__module__}.{function.__name__}" for function in CALLS}


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__name__)
def test_text_and_path_are_answered_alike(files, function):
    call = CALLS[function]
    assert call(files, str) == call(files, Path)
