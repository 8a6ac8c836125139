"""The identity of a corpus is that of a copy anywhere, and names what has changed."""

import shutil
import unicodedata

import numpy as np
import pytest
import soundfile

from snn.data.corpora.identity import corpus_identity, read_identity, require_same_data, write_identity
from snn.data.corpora.keyword_task import KEYWORDS
from snn.data.corpora.open_corpus import open_corpus


def write(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.random.default_rng(seed).standard_normal(400), 8000)


@pytest.fixture
def folder(tmp_path):
    for w, word in enumerate(("für", "nein")):
        for k in range(8):
            write(tmp_path / "data" / word / f"take{k}.wav", 10 * w + k)
    return tmp_path / "data"


def differences(before, folder, **how):
    return before.differences(corpus_identity(open_corpus(folder, **how)))


def test_a_copy_elsewhere_is_the_same_data_in_either_unicode_form(folder, tmp_path):
    before = corpus_identity(open_corpus(folder))
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "copy")
    assert differences(before, copy) == ()
    (copy / "für").rename(copy / unicodedata.normalize("NFD", "für"))
    assert differences(before, copy) == ()


def test_what_has_changed_is_named(folder):
    corpus = open_corpus(folder)
    before = corpus_identity(corpus)
    clip = next(clip for clip in corpus.split("train") if clip.path.parent.name == "nein")
    n = sum(part.n_clips for part in before.parts if (part.split, part.label) == ("train", "nein"))
    write(clip.path, 99)
    assert differences(before, folder) == ("train clips of 'nein' have other contents",)
    clip.path.unlink()
    assert differences(before, folder) == (f"{n - 1} train clips of 'nein', were {n}",)
    (folder / "nein").rename(folder / "no")
    assert differences(before, folder)[0] == "labels für, no, were für, nein"


def test_a_clip_that_changes_split_is_other_data(folder):
    before = corpus_identity(open_corpus(folder))
    renamed = next(clip.path for clip in open_corpus(folder).split("train"))
    renamed.rename(renamed.with_name("zz.wav"))
    assert any("other files" in line or "were" in line for line in differences(before, folder))
    for name in ("ann", "bob", "cem"):
        for word in ("für", "nein"):
            for k in range(2):
                write(folder / word / f"{name}_{k}.wav", k)
    by_file = corpus_identity(open_corpus(folder))
    assert differences(by_file, folder, split="official") == ()


@pytest.mark.parametrize("task", ["12", "voice"])
def test_noise_under_and_between_the_words_is_part_of_the_data(tmp_path, task):
    for w, word in enumerate((*KEYWORDS, "cat")):
        for speaker in range(6):
            write(tmp_path / word / f"{speaker:08x}_nohash_0.wav", 10 * w + speaker)
    noise = tmp_path / "_background_noise_" / "rain.wav"
    write(noise, 1000)
    before = corpus_identity(open_corpus(tmp_path, task=task))
    assert differences(before, tmp_path, task=task) == ()
    write(noise, 1001)
    assert all("other contents" in line for line in differences(before, tmp_path, task=task))
    assert differences(before, tmp_path, task=task)


def test_a_run_folder_keeps_it_and_refuses_other_data(folder, tmp_path):
    path = tmp_path / "run" / "data.json"
    with pytest.raises(FileNotFoundError, match=r"data\.json is missing"):
        require_same_data(path, open_corpus(folder))
    write_identity(str(path), corpus_identity(open_corpus(folder)))
    assert read_identity(path) == corpus_identity(open_corpus(folder))
    require_same_data(str(path), open_corpus(folder))
    next((folder / "für").iterdir()).unlink()
    with pytest.raises(ValueError, match=r"clips of 'für', were .*--overwrite"):
        require_same_data(path, open_corpus(folder))
    path.write_text('{"labels": []}')
    with pytest.raises(ValueError, match="damaged"):
        read_identity(path)


def test_a_file_that_cannot_be_read_is_left_to_the_reader_of_clips(folder):
    corpus = open_corpus(folder)
    corpus.clips[0].path.unlink()
    assert corpus_identity(corpus).parts
