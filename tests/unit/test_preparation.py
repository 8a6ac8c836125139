"""Clips on many threads: the same numbers, order and errors as on one, and nothing is left behind."""

import threading

import pytest
import torch

from snn.audio import preparation
from snn.audio.examples import load_examples
from snn.audio.features import LogMel
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip
from snn.data.recordings.recording_error import RecordingError

MEL = LogMel(8000, duration_s=0.3, n_mels=8)
ROOM = Augment(reverb_probability=0.5)


@pytest.fixture
def clips(words, monkeypatch):
    """72 clips in chunks of eight."""
    monkeypatch.setattr(preparation, "CHUNK", 8)
    paths = sorted(words.rglob("*.wav"))
    return [Clip(path, i % 3, "", "train") for i, path in enumerate(paths)]


@pytest.fixture
def threads():
    """Sets how many there are, and them back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def loaded(clips, **options):
    return load_examples(clips, MEL, augment=ROOM, copies=2, seed=5, **options)


def test_numbers_and_order_do_not_depend_on_how_many_threads_there_are(clips, threads):
    results = []
    for n in (1, 3):
        threads(n)
        seen = []
        results.append(loaded(clips, on_clip=lambda done, total, seen=seen: seen.append((done, total))))
        assert seen == [(i, 72) for i in range(1, 73)]
    assert results[0].features.equal(results[1].features)
    assert results[0].labels.tolist() == [clip.label for clip in clips]
    single = load_examples(clips[70:71], MEL).features[0, 0]
    assert torch.allclose(results[0].features[0, 70], single, atol=1e-5)


@pytest.mark.parametrize("n", [1, 4])
def test_the_first_bad_recording_of_several_is_the_first_in_order(clips, threads, n):
    threads(n)
    for i in (50, 20, 21, 40):
        clips[i].path.write_bytes(b"")
    with pytest.raises(RecordingError, match=str(clips[20].path)):
        loaded(clips)
    rest = loaded(clips, bad_files="skip")
    assert [line.split()[0] for line in rest.skipped] == [str(clips[i].path) for i in (20, 21, 40, 50)]
    assert rest.labels.tolist() == [clip.label for i, clip in enumerate(clips) if i not in (20, 21, 40, 50)]
    assert rest.features.shape[1] == 68


def test_whoever_is_interrupted_leaves_no_thread_and_few_clips_are_begun(clips, threads, monkeypatch):
    threads(2)
    begun = []
    read = LogMel.read
    monkeypatch.setattr(LogMel, "read", lambda self, clip, *rest: (begun.append(clip), read(self, clip, *rest))[1])

    def interrupt(done, total):
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:  # which holds all that was going on
        loaded(clips, on_clip=interrupt)
    assert len(begun) <= 8 * (1 + 2 * 2 + 2)  # of chunks, the first, those that may wait and one for each thread
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("snn-clips")]
    del caught


def test_a_clip_has_its_own_draw_whatever_became_of_those_before_it(clips):
    before = loaded(clips[:8]).features[:, 1:]
    clips[0].path.write_bytes(b"")
    assert loaded(clips[:8], bad_files="skip").features.equal(before)
