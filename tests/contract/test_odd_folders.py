"""Folders as people and archives leave them: nothing is dropped without a word, and a check agrees with training."""

import os
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from circuits.errors import InputError, shown
from snn.data.corpora.check import scan
from snn.data.corpora.clip import MAX_READ_S, load_clip
from snn.data.corpora.corpus import with_labels
from snn.data.corpora.keyword_task import KEYWORDS, TWELVE
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import which_set
from snn.data.recordings.recording_error import RecordingError

RATE = 8_000
NFC, NFD = (unicodedata.normalize(form, "für") for form in ("NFC", "NFD"))


def write(path: Path, n_samples: int = 400, **how: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(str(path)))
    soundfile.write(path, 0.1 * rng.standard_normal(n_samples), RATE, **how)
    return path


def make_words(root: Path, words: tuple[str, ...] = ("ja", "nein"), n: int = 6) -> Path:
    for word in words:
        for k in range(n):
            write(root / word / f"take{k}.wav")
    return root


def make_listed(root: Path, suffix: str = ".wav") -> tuple[list[str], list[str]]:
    """Two words of eight speakers; speakers 0 and 1 are listed for the test, 2 for validation."""
    names = [f"{word}/{k:08x}_nohash_0.wav" for word in ("bed", "cat") for k in range(8)]
    for name in names:
        write((root / name).with_suffix(suffix))
    listed = [[n for n in names if n[4:12] in {f"{k:08x}" for k in speakers}] for speakers in ({0, 1}, {2})]
    write_lists(root, *listed)
    return listed[0], listed[1]


def write_lists(
    root: Path, testing: list[str], validation: list[str], encoding: str = "utf-8", end: str = "\n"
) -> None:
    for name, lines in (("testing_list.txt", testing), ("validation_list.txt", validation)):
        (root / name).write_bytes("".join(line + end for line in lines).encode(encoding))


def speakers(corpus, split: str) -> set[str]:
    return {clip.speaker for clip in corpus.split(split)}


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("{word}/{file}", {"encoding": "utf-8-sig"}),
        ("\ufeff{word}/{file}", {}),  # files put together
        ("{word}/{file}", {"encoding": "utf-16"}),
        ("{word}/{file}", {"end": "\r\n"}),
        ("./{word}/{file}", {}),
        ("{word}\\{file}", {}),
        (".\\{word}\\{file}", {"encoding": "utf-8-sig", "end": "\r\n"}),
        ("  {word}/{file} \t", {}),
        ("speech_commands_v0.02/{word}//{file}", {}),
    ],
)
def test_lists_are_read_over_marks_and_separators(tmp_path, line, how):
    lists = make_listed(tmp_path)
    odd = ([line.format(word=n[:3], file=n[4:]) for n in names] for names in lists)
    write_lists(tmp_path, *odd, **how)
    corpus = open_corpus(tmp_path)
    assert (speakers(corpus, "test"), speakers(corpus, "validation")) == ({"00000000", "00000001"}, {"00000002"})
    assert (corpus.split_rule, corpus.notes) == ("official lists", ())


@pytest.mark.parametrize("suffix", [".flac", ".WAV"])
def test_lists_hold_for_recordings_that_were_converted(tmp_path, suffix):
    make_listed(tmp_path, suffix)
    assert {len(open_corpus(tmp_path).split(split)) for split in ("test", "validation")} == {4, 2}


def test_lines_that_match_no_file_are_counted_and_told(tmp_path):
    testing, validation = make_listed(tmp_path)
    write_lists(tmp_path, ["bed/gone.wav", *testing, "cat/lost.wav"], validation)
    assert open_corpus(tmp_path).notes == (
        "2 of 6 lines of testing_list.txt name no recording here, the first of them 'bed/gone.wav'",
    )


@pytest.mark.parametrize("broken", [0, 1])
def test_a_list_of_which_no_line_matches_is_refused_for_training_alone(tmp_path, broken):
    lists = list(make_listed(tmp_path))
    lists[broken] = ["bed-00000000.wav", "cat-00000001.wav"]
    write_lists(tmp_path, *lists)
    with pytest.raises(InputError, match=r"2 of 2 lines of \w+_list.txt name no recording here"):
        open_corpus(tmp_path)
    corpus = open_corpus(tmp_path, split="all", to_train=False)
    assert len(corpus.split("test")) == 16
    assert "2 of 2 lines" in corpus.notes[0]
    assert open_corpus(tmp_path, split="speaker:00000003").notes == corpus.notes  # lists do not divide these


def test_one_list_alone_holds_too(tmp_path):
    make_listed(tmp_path)
    (tmp_path / "validation_list.txt").unlink()
    corpus = open_corpus(tmp_path)
    assert speakers(corpus, "test") == {"00000000", "00000001"}
    assert corpus.split("validation")
    assert corpus.split_rule == "official lists"


def make_archive(root: Path) -> Path:
    """The form of speech_commands_test_set: 4 clips of each keyword, 8 of other words and 7 of silence."""
    for w, word in enumerate(KEYWORDS):
        for k in range(4):
            write(root / word / f"{w * 10 + k:08x}_nohash_0.wav")
    for k in range(8):
        write(root / "_unknown_" / f"{500 + k:08x}_nohash_0.wav")
    for k in range(7):
        write(root / "_silence_" / f"{k}.wav")
    return root


def test_the_official_test_archive_is_known_to_its_last_clip(tmp_path):
    corpus = open_corpus(make_archive(tmp_path), split="all", to_train=False)
    known, strange = with_labels(corpus, TWELVE)
    assert (strange, corpus.notes) == ((), ())
    counts = Counter(TWELVE[clip.label] for clip in known.split("test"))
    assert counts == dict.fromkeys(KEYWORDS, 4) | {"unknown": 8, "silence": 7}
    assert {clip.path.parent.name for clip in known.clips if clip.label >= 10} == {"_unknown_", "_silence_"}
    asked = open_corpus(tmp_path, task="12", split="all", to_train=False)
    assert {(c.path, c.label) for c in asked.clips} == {(c.path, c.label) for c in known.clips}
    write(tmp_path / "cat" / "00000900_nohash_0.wav")  # no need to draw what is there
    asked = open_corpus(tmp_path, task="12", split="all", to_train=False)
    assert Counter(clip.label for clip in asked.clips)[TWELVE.index("unknown")] == 8


def test_recordings_in_other_places_are_named_as_left_out(tmp_path):
    make_words(tmp_path)
    for place in ("_old", ".cache", "ja/more", "_background_noise_"):
        write(tmp_path / place / "a.wav")
    write(tmp_path / "loose.wav")
    (tmp_path / "ja" / "._take0.wav").write_bytes(b"resource fork")
    (tmp_path / "notes.csv").write_text("a table\n")
    report, corpus = scan(tmp_path), open_corpus(tmp_path)
    assert report.notes == corpus.notes
    assert [line.split(":")[0] for line in corpus.notes] == [
        f"left out 1 recording(s) in {place}"
        for place in (tmp_path, tmp_path / ".cache", tmp_path / "_old", tmp_path / "ja/more")
    ]
    assert (len(corpus.clips), report.n_clips) == (12, {"ja": 6, "nein": 6})


def test_a_folder_with_few_clips_is_evaluated_whole_and_refused_for_training(tmp_path):
    """The clips of one class, of one speaker, of the test or of validation alone, and a word with one clip."""
    make_listed(tmp_path / "listed")
    test_only, validation_only = tmp_path / "test", tmp_path / "validation"
    for folder, kept in ((test_only, ("00000000", "00000001")), (validation_only, ("00000002",))):
        shutil.copytree(tmp_path / "listed", folder)
        for path in folder.rglob("*.wav"):
            path.unlink() if path.name[:8] not in kept else None
    unlisted = shutil.copytree(test_only, tmp_path / "hash")
    for path in unlisted.glob("*.txt"):
        path.unlink()
    for k in range(5):
        write(tmp_path / "fsdd" / "recordings" / f"3_ann_{k}.wav")
    few = {
        test_only: 4,
        validation_only: 2,
        unlisted: 4,
        tmp_path / "fsdd": 5,
        make_words(tmp_path / "one", ("ja",)): 6,
        make_words(tmp_path / "single", n=1): 2,
    }
    for folder, n in few.items():
        assert len(open_corpus(folder, split="all", to_train=False).split("test")) == n
        with pytest.raises(InputError) as refused:
            open_corpus(folder)
        assert scan(folder).unfit == str(refused.value)
        assert scan(folder).bad == ()
    alone = open_corpus(tmp_path / "fsdd", split="speaker:ann", to_train=False)
    assert len(alone.split("test")) == 5
    with pytest.raises(InputError, match="the only speaker"):
        open_corpus(tmp_path / "fsdd", split="speaker:ann")


def gsm(root: Path) -> None:
    write(root / "ja" / "take0.wav", 4000, subtype="GSM610")


def a_dangling_link(root: Path) -> None:
    (root / "ja" / "link.wav").symlink_to(root / "gone.wav")


def linked_class(root: Path) -> None:
    make_words(root.parent / "elsewhere", ("doch",))
    (root / "doch").symlink_to(root.parent / "elsewhere" / "doch")


def nested_class(root: Path) -> None:
    write(root / "ja" / "ann" / "take.wav")


def not_text(root: Path) -> None:
    shutil.copy(root / "ja" / "take0.wav", os.fsencode(root) + b"/ja/take\xff.wav")


def other_formats(root: Path) -> None:
    write(root / "ja" / "a.mp3", 4000)
    write(root / "ja" / "b.aiff")
    (root / "nein" / "c.m4a").write_bytes(b"\0\0\0\x18ftypM4A " + bytes(64))
    (root / "nein" / "d.raw").write_bytes(bytes(64))


def cut(root: Path) -> None:
    path = root / "ja" / "take0.wav"
    path.write_bytes(path.read_bytes()[:-100])


def bad_behind_the_first_minute(root: Path) -> None:
    samples = np.zeros(round((MAX_READ_S + 5) * RATE), "f4")
    samples[-1] = np.nan
    soundfile.write(root / "ja" / "long.wav", samples, RATE, subtype="FLOAT")


def cut_behind_the_first_minute(root: Path) -> None:
    path = write(root / "ja" / "long.flac", round((MAX_READ_S + 5) * RATE))
    path.write_bytes(path.read_bytes()[: round(0.97 * path.stat().st_size)])


def a_pipe(root: Path) -> None:
    os.mkfifo(root / "ja" / "pipe.wav")


def another_sound(root: Path) -> None:
    soundfile.write(root / "ja" / "tape.wav", np.zeros(400), RATE, format="AIFF")


SPOILT = {
    a_pipe: {"pipe.wav"},
    another_sound: {"tape.wav"},
    gsm: set(),
    a_dangling_link: {"link.wav"},
    linked_class: set(),
    nested_class: set(),
    not_text: {"take\udcff.wav"},
    other_formats: {"a.mp3", "c.m4a", "d.raw"},
    cut: {"take0.wav"},
    bad_behind_the_first_minute: set(),
    cut_behind_the_first_minute: {"long.flac"},
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_check_refuses_exactly_what_training_refuses_and_names_the_file(tmp_path, spoil):
    folder = make_words(tmp_path / "data")
    spoil(folder)
    report, corpus = scan(folder), open_corpus(folder)
    refused, used, said = set(), Counter(), ""
    for clip in corpus.clips:
        try:
            load_clip(clip, RATE, 1.0)
            used[corpus.labels[clip.label]] += 1
        except RecordingError as error:
            refused.add(clip.path)
            said += f"{error}\n"
    assert {file.path for file in report.bad} == refused
    assert {path.name for path in refused} == SPOILT[spoil]
    assert all(shown(path) in said for path in refused)
    said.encode()  # can be printed
    assert report.n_clips == used


def test_a_word_whose_name_is_not_text_is_named(tmp_path):
    make_words(tmp_path)
    (tmp_path / "ja").rename(os.fsdecode(os.fsencode(tmp_path) + b"/j\xe4"))
    for read in (open_corpus, scan):
        with pytest.raises(InputError, match=r"j\\xe4 has a name that is not UTF-8: rename it"):
            read(tmp_path)


def test_a_file_in_the_noise_is_checked_to_its_end(tmp_path):
    make_words(tmp_path)
    noise = write(tmp_path / "_background_noise_" / "rain.wav", 4 * RATE)
    assert scan(tmp_path).n_clips == {"ja": 6, "nein": 6}
    bad_behind_the_first_minute(tmp_path)
    assert scan(tmp_path).bad == ()
    noise.unlink()
    noise = (tmp_path / "ja" / "long.wav").rename(noise)
    assert [file.path for file in scan(tmp_path).bad] == [noise]


def test_words_and_splits_are_the_same_in_either_unicode_form(tmp_path):
    rows = []
    for form in (NFC, NFD):
        root = tmp_path / form
        for word in (form, "nein"):
            for k in range(20):
                write(root / word / f"{form}{k}.wav")
        corpus = open_corpus(root)
        rows.append([(unicodedata.normalize("NFC", c.path.name), c.label, c.split) for c in corpus.clips])
        assert corpus.labels == (form, "nein")  # shown as stored
    assert rows[0] == rows[1]
    for stored, typed in ((NFC, NFD), (NFD, NFC)):
        known, strange = with_labels(open_corpus(tmp_path / stored), ("nein", typed))
        assert (strange, known.labels, len(known.clips)) == ((), ("nein", typed), 40)
        assert {clip.path.parent.name for clip in known.clips if clip.label == 1} == {stored}


def test_a_word_and_a_speaker_stored_in_both_forms_are_one(tmp_path):
    for speaker in (NFC, NFD, "bob", "cem", "dan"):
        for word in (NFC, NFD, "nein"):
            write(tmp_path / word / f"{speaker}_{len(word)}{len(speaker)}.wav")
            write(tmp_path / word / f"{speaker}_{len(word)}{len(speaker)}b.wav")
    corpus = open_corpus(tmp_path)
    assert len(corpus.labels) == 2
    assert corpus.split_rule == "speaker hash"
    assert len(corpus.speakers) == 4
    for typed in (NFC, NFD):
        left_out = open_corpus(tmp_path, split=f"speaker:{typed}").split("test")
        assert len(left_out) == 12
        assert {unicodedata.normalize("NFC", c.path.name.partition("_")[0]) for c in left_out} == {NFC}


def test_a_list_in_the_other_form_matches(tmp_path):
    names = [f"{word}/{k:08x}_nohash_0.wav" for word in (NFD, "nein") for k in range(8)]
    for name in names:
        write(tmp_path / name)
    typed = [unicodedata.normalize("NFC", name) for name in names]
    write_lists(tmp_path, [n for n in typed if "/00000000" in n], [n for n in typed if "/00000001" in n])
    corpus = open_corpus(tmp_path)
    assert corpus.notes == ()
    assert {clip.path.parent.name for clip in corpus.split("test")} == {NFD, "nein"}


def test_a_folder_named_as_people_like_is_shown_as_it_is(tmp_path, snn):
    labels = ("class_a", "rate_hz", "x_j", "[red]go", "w" * 120)
    for label in labels:
        for k in range(3):
            write(tmp_path / label / f"{k}.wav")
    code, out, err = snn("data", "check", tmp_path)
    assert code == 0, err
    for label in labels[:4]:
        row = next(line for line in out.splitlines() if line.startswith(label))
        assert row.split() == [label, "3"]
    assert "".join(out.split()).count("w") >= 120


def test_a_run_evaluates_a_folder_of_test_clips_one_class_and_the_official_archive(tmp_path, recipe, snn_json):
    make_archive(tmp_path / "train")
    for word in ("_unknown_", "_silence_"):
        shutil.rmtree(tmp_path / "train" / word)
    for speaker in range(900, 930):
        for word in ("cat", *KEYWORDS):
            write(tmp_path / "train" / word / f"{speaker:08x}_nohash_0.wav")
    run, settings = tmp_path / "run", ("--set", "epochs=1", "--set", 'task="12"')
    metrics = snn_json("train", recipe, "--data", tmp_path / "train", "--out", run, *settings)
    archive = make_archive(tmp_path / "archive")
    told = snn_json("evaluate", run, "--data", archive)
    assert told["n_clips"] == 55
    assert [sum(row) for row in told["confusion"]] == [4] * 10 + [8, 7]
    test_only = make_archive(tmp_path / "test")
    for word in ("_unknown_", "_silence_", *KEYWORDS[1:]):
        shutil.rmtree(test_only / word)
    assert snn_json("evaluate", run, "--data", test_only)["n_clips"] == 4
    for path in (tmp_path / "train").rglob("*.wav"):  # its own folder, of which the test alone is left
        split = which_set(path.name)
        path.unlink() if split != "test" else None
    left = sum(path.parent.name in KEYWORDS for path in (tmp_path / "train").rglob("*.wav"))
    assert 0 < left < metrics["n_test"]
    assert snn_json("evaluate", run)["n_clips"] >= left


def test_what_was_left_out_is_told_when_training_and_when_evaluating(tmp_path, words, recipe, snn):
    write(words / "_old" / "a.wav")
    for command in (
        ("train", recipe, "--data", words, "--out", tmp_path / "run", "--set", "epochs=1"),
        ("evaluate", tmp_path / "run"),
    ):
        code, _, err = snn(*command)
        assert code == 0, err
        assert "left out 1 recording(s) in" in err
        assert "_old" in err


def test_a_take_of_spoken_digits_whose_name_is_not_text_is_left_out_alone(tmp_path):
    for digit in (0, 1):
        for k in range(8):
            write(tmp_path / f"{digit}_ann_{k}.wav")
    (tmp_path / "0_ann_7.wav").rename(os.fsdecode(os.fsencode(tmp_path) + b"/0_ann_7\xff.wav"))
    assert [shown(file.path.name) for file in scan(tmp_path).bad] == [r"0_ann_7\xff.wav"]
    assert len(open_corpus(tmp_path).clips) == 16


@pytest.mark.parametrize("task", ["12", "voice"])
def test_noise_that_cannot_be_read_stops_the_clips_that_hear_it_and_no_other(tmp_path, task):
    make_words(tmp_path, (*KEYWORDS, "bed"))
    noise = write(tmp_path / "_background_noise_" / "a.wav")
    noise.rename(os.fsdecode(os.fsencode(noise.parent) + b"/rain\xff.wav"))
    bad, good = [], 0
    for clip in open_corpus(tmp_path, task=task).split("test"):
        try:
            load_clip(clip, RATE, 0.05)
            good += 1
        except RecordingError as error:
            bad.append(str(error))
    assert good
    assert bad
    assert all(r"rain\xff.wav has a name that is not UTF-8" in line for line in bad)


def enormous(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)  # sparse


@pytest.mark.parametrize(
    ("name", "spoil", "problem"),
    [
        ("testing_list.txt", os.mkfifo, "is a pipe"),
        ("testing_list.txt", enormous, "more than the 4,194,304"),
        ("testing_list.txt", lambda p: p.write_text("\u0301\u0316" * 10**5), "line 1: is longer than 4096"),
        ("corpus.json", os.mkfifo, "is a pipe"),
        ("corpus.json", lambda p: p.write_text("[" * 10**5), "is damaged"),
        ("corpus.json", enormous, "more than the 1,048,576"),
    ],
)
def test_what_lies_beside_the_words_is_looked_at_before_it_is_read(tmp_path, name, spoil, problem):
    make_words(tmp_path)
    spoil(tmp_path / name)
    for read in (open_corpus, scan):
        with pytest.raises(InputError, match=problem) as caught:
            read(tmp_path)
        assert name in str(caught.value)
