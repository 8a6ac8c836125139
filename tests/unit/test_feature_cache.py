"""Features kept on disk: right or made anew, whatever lies there, and never those of something else."""

import errno
import os
import shutil
import threading
import warnings
from dataclasses import replace

import pytest
import soundfile
import torch

from circuits.errors import InputError
from snn.audio import feature_cache, feature_file
from snn.audio.examples import load_examples
from snn.audio.feature_cache import FeatureCacheWarning
from snn.audio.features import LogMel
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip, Mix
from snn.data.recordings.recording_error import RecordingError

MEL = LogMel(8000, duration_s=0.3, n_mels=8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where features are kept, of few clips too."""
    monkeypatch.setattr(feature_cache, "FEWEST", 1)
    monkeypatch.setattr(feature_file, "PIECE", 1000)
    monkeypatch.setenv("SNN_FEATURES", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def clips(few):
    return [Clip(path, i % 3, "", "train") for i, path in enumerate(sorted(few.rglob("*.wav")))]


def load(clips, mel=MEL, copies=1, **options):
    return load_examples(clips, mel, augment=Augment(), copies=copies, **options)


def without(clips, monkeypatch, **options):
    """The same without a cache."""
    with monkeypatch.context() as patch:
        patch.setenv("SNN_FEATURES", "off")
        return load(clips, **options).features


@pytest.fixture
def reads(monkeypatch):
    """Every clip that is read."""
    seen, read = [], LogMel.read
    monkeypatch.setattr(LogMel, "read", lambda self, clip, *rest: (seen.append(clip), read(self, clip, *rest))[1])
    return seen


def test_the_second_start_reads_no_recording_and_gets_the_same_bits(clips, monkeypatch, reads):
    expected = without(clips, monkeypatch)
    first = load(clips)
    assert first.features.equal(expected)
    reads.clear()
    seen = []
    second = load(clips, on_clip=lambda done, total: seen.append((done, total)))
    assert (reads, seen) == ([], [(24, 24)])
    assert second.features.equal(expected)
    assert second.labels.equal(first.labels)
    assert second.features.dtype == torch.float32


def test_where_recordings_lie_and_what_they_are_called_changes_nothing_but_their_sound_does(clips, tmp_path, reads):
    """Nor do labels; the size and the time of a changed file are those of the old one."""
    load(clips)
    moved = shutil.copytree(tmp_path / "words", tmp_path / "elsewhere")
    there = [replace(clip, path=moved / clip.path.relative_to(tmp_path / "words"), label=0) for clip in clips]
    reads.clear()
    load(there)
    assert reads == []
    changed = there[7].path
    about = changed.stat()
    sound, rate = soundfile.read(changed, dtype="int16")
    sound[1000] ^= 1
    soundfile.write(changed, sound, rate)
    os.utime(changed, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert changed.stat().st_size == about.st_size
    load(there)
    assert len(reads) == 24


OTHERS = {
    "mel": lambda clips: (clips, {"mel": replace(MEL, hop_s=0.011)}),
    "normalise": lambda clips: (clips, {"mel": replace(MEL, normalise="band")}),
    "seed": lambda clips: (clips, {"seed": 1}),
    "copies": lambda clips: (clips, {"copies": 2}),
    "order": lambda clips: (clips[::-1], {}),
    "start": lambda clips: ([replace(clips[0], start_s=0.01), *clips[1:]], {}),
    "end": lambda clips: ([replace(clips[0], duration_s=0.2), *clips[1:]], {}),
    "gain": lambda clips: ([replace(clips[0], gain=0.5), *clips[1:]], {}),
    "background": lambda clips: ([Clip(None, 0, "", "train", noise_seed=1), *clips[1:]], {}),
    "mix": lambda clips: ([replace(clips[0], mix=Mix(10.0, (clips[1],))), *clips[1:]], {}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_features_depend_on_makes_other_ones(clips, monkeypatch, reads, other):
    load(clips)
    reads.clear()
    changed, options = OTHERS[other](clips)
    features = load(changed, **options).features
    assert len(reads) == 24
    assert features.equal(without(changed, monkeypatch, **options))


def test_another_range_of_augmentation_or_another_program_makes_other_ones(clips, monkeypatch, reads):
    load(clips)
    reads.clear()
    load_examples(clips, MEL, augment=Augment(snr_db=(10.0, 41.0)), copies=1)
    monkeypatch.setattr(feature_cache, "_program", lambda: ("another text",))
    load(clips)
    assert len(reads) == 48


DAMAGES = {
    "cut": lambda data: data[: len(data) // 2],
    "cut by a byte": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "a bit of the first row": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a bit in the middle": lambda data: data[:5555] + bytes([data[5555] ^ 64]) + data[5556:],
    "a bit of the end": lambda data: data[:-200] + bytes([data[-200] ^ 1]) + data[-199:],
    "rows without their end": lambda data: data[: data.index(b'{"shape"')],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_and_made_anew(clips, folder, monkeypatch, damage, reads):
    expected = without(clips, monkeypatch)
    load(clips)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(DAMAGES[damage](whole))
    with pytest.warns(FeatureCacheWarning, match="made anew: .*is damaged"):
        assert load(clips).features.equal(expected)
    assert kept.read_bytes() == whole
    reads.clear()
    assert load(clips).features.equal(expected)
    assert reads == []


def test_a_file_of_other_clips_under_the_name_is_refused(clips, folder):
    load(clips)
    (kept,) = folder.iterdir()
    load(clips[:8])
    (other,) = set(folder.iterdir()) - {kept}
    shutil.copy(other, kept)
    with pytest.warns(FeatureCacheWarning, match=r"is damaged: it holds \(8, .*, not \(24, "):
        assert load(clips).features.shape[1] == 24


def full(*arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


FAULTS = {
    "no room": ("os.posix_fallocate", full),
    "full in the middle": ("snn.audio.feature_file.FeatureWriter._write", full),
    "full at the end": ("os.fsync", full),
    "read-only": ("snn.audio.feature_file.FeatureWriter.__init__", lambda *a: (_ for _ in ()).throw(OSError(30, "RO"))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_takes_nothing_costs_a_note_and_no_result(clips, folder, monkeypatch, fault):
    expected = without(clips, monkeypatch)
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.warns(FeatureCacheWarning, match=r"not kept for the next start: .*set SNN_FEATURES to a folder"):
        assert load(clips).features.equal(expected)
    assert list(folder.iterdir()) == []


def test_a_place_that_is_no_folder_costs_a_note_and_no_result(clips, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SNN_FEATURES", str(tmp_path / "file" / "kept"))
    with pytest.warns(FeatureCacheWarning, match="not kept for the next start"):
        assert load(clips).features.equal(without(clips, monkeypatch))


def test_a_folder_under_the_name_costs_a_note_and_no_result(clips, folder, monkeypatch):
    load(clips)
    (kept,) = folder.iterdir()
    kept.unlink()
    kept.mkdir()
    with pytest.warns(FeatureCacheWarning, match=r"not kept .*: .* is in the way and no file; remove it"):
        assert load(clips).features.equal(without(clips, monkeypatch))
    assert list(folder.iterdir()) == [kept]


def test_recordings_that_change_while_they_are_read_are_not_kept(clips, folder, monkeypatch):
    def change(done, total):
        if done == total:
            clips[3].path.write_bytes(clips[4].path.read_bytes())

    before = without(clips, monkeypatch)
    with pytest.warns(FeatureCacheWarning, match="recordings changed while they were read"):
        assert load(clips, on_clip=change).features.equal(before)
    assert list(folder.iterdir()) == []
    after = load(clips).features
    assert after.equal(without(clips, monkeypatch))
    assert not after.equal(before)


def test_a_recording_that_cannot_be_used_is_told_anew_at_each_start(clips, folder):
    clips[5].path.write_bytes(b"no sound")
    first, second = (load(clips, bad_files="skip") for _ in range(2))
    assert len(list(folder.iterdir())) == 1
    assert first.skipped == second.skipped
    assert str(clips[5].path) in second.skipped[0]
    assert first.features.equal(second.features)
    assert len(second) == 23
    (kept,) = folder.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b'"left_out": [5]', b'"left_out": [6]'))
    with pytest.warns(FeatureCacheWarning, match="is damaged"):
        assert load(clips, bad_files="skip").skipped == first.skipped
    with pytest.raises(RecordingError, match=clips[5].path.name):
        load(clips)


def test_of_clips_that_are_all_bad_nothing_is_kept(clips, folder):
    for clip in clips:
        clip.path.write_bytes(b"no sound")
    with pytest.raises(InputError, match="none of the 24 clips can be used"):
        load(clips, bad_files="skip")
    assert list(folder.iterdir()) == []


def test_two_that_fill_it_at_once_both_get_what_is_right(clips, folder, monkeypatch):
    expected, results = without(clips, monkeypatch), []
    barrier = threading.Barrier(2, timeout=60)
    wait = lambda done, total: barrier.wait() if done == 1 else None  # noqa: E731
    both = [threading.Thread(target=lambda: results.append(load(clips, on_clip=wait))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [result.features.equal(expected) for result in results] == [True, True]
    assert [path.suffix for path in folder.iterdir()] == [".features"]


def test_what_was_not_used_for_longest_makes_room(clips, folder, monkeypatch):
    load(clips)
    (first,) = folder.iterdir()
    load(clips, seed=1)
    (second,) = set(folder.iterdir()) - {first}
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    load(clips)  # used, so the second is now the older
    monkeypatch.setenv("SNN_FEATURES_GIB", str(2.5 * first.stat().st_size / 2**30))
    load(clips, seed=2)
    assert first.exists()
    assert not second.exists()
    assert len(list(folder.iterdir())) == 2
    monkeypatch.setenv("SNN_FEATURES_GIB", "0")
    with pytest.warns(FeatureCacheWarning, match=r"GiB are more than SNN_FEATURES_GIB = 0; raise it"):
        load(clips, seed=3)
    monkeypatch.setenv("SNN_FEATURES_GIB", "much")
    with pytest.raises(ValueError, match="SNN_FEATURES_GIB is 'much'"):
        load(clips, seed=3)


def test_off_or_few_clips_leave_nothing(clips, folder, monkeypatch):
    without(clips, monkeypatch)
    monkeypatch.setattr(feature_cache, "FEWEST", 25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(clips)
    assert not folder.exists()


def test_room_is_made_of_our_own_files_alone(clips, folder, monkeypatch):
    folder.mkdir()
    (folder / "mine.features").write_bytes(bytes(10_000_000))
    load(clips)
    monkeypatch.setenv("SNN_FEATURES_GIB", "0.0001")
    load(clips, seed=1)
    assert (folder / "mine.features").exists()


def test_a_front_end_of_ones_own_is_never_taken_from_the_disk(clips, folder):
    """Nobody knows what its code was when its features were kept."""

    class Own(LogMel):
        pass

    load(clips, Own(8000, duration_s=0.3, n_mels=8))
    assert not folder.exists()
