"""Voice activity: every clip of a corpus as noisy speech, and as much noise in which nobody speaks to the device."""

from pathlib import Path

import numpy as np

from snn.data.corpora.clip import Clip, Mix
from snn.data.corpora.keyword_task import background_clip
from snn.data.corpora.layouts import Layout, Recording
from snn.data.corpora.splits import SPLITS, Split
from snn.data.corpora.word_folders import audio_files

VOICE = ("noise", "speech")
TRAIN_SNR_DB = (-5.0, 20.0)  # dB, uniform; ASSUMED: from a noisy street to a quiet room
TEST_SNR_DB = (20.0, 10.0, 5.0, 0.0, -5.0)  # dB; ASSUMED: the grid that studies of voice activity customarily report
MOST_FULL = 1000  # test recordings that each meet every ratio; of more, each meets one in turn
N_VOICES = 6  # of a babble; ASSUMED: enough that no word of it is understood


def voice_clips(layout: Layout, noise_folder: str | Path, seed: int) -> tuple[Clip, ...]:
    """Make the clips of voice activity (labels in the order of `VOICE`) from a corpus of speech.

    Each recording gives a clip of speech in noise and one of noise alone, another draw at the same level. The noise is
    synthetic background of any colour, babble of other recordings of the split (of other speakers, where it has
    enough of them), or a noise recording, each kind as likely; recordings of noise give each split a part of their
    own. So no noise is heard in training and again in the test.

    Args:  noise_folder: folder of background recordings; need not exist.  seed: draws noises, ratios and voices.
    """
    noise_files = audio_files(noise_folder)
    clips: list[Clip] = []
    for k, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, k])
        recordings = [r for r in layout.recordings if r.split == split]
        for r, snr_db in _at_ratios(recordings, split, rng):
            for label in range(len(VOICE)):
                number = (seed << 32) + len(clips)  # of this clip alone, whatever its split
                noise = _noise(r, recordings, noise_files, number, rng)
                mix = Mix(snr_db, noise, number, speech=label == VOICE.index("speech"))
                clips.append(Clip(r.path, label, r.speaker, split, mix=mix))
    return tuple(clips)


def _at_ratios(recordings: list[Recording], split: Split, rng: np.random.Generator) -> list[tuple[Recording, float]]:
    """Each recording with its ratio (dB): drawn, or in the test every one of the grid, or one in turn."""
    if split != "test":
        return [(r, float(rng.uniform(*TRAIN_SNR_DB))) for r in recordings]
    if len(recordings) <= MOST_FULL:
        return [(r, snr_db) for r in recordings for snr_db in TEST_SNR_DB]
    order = rng.permutation(len(recordings))
    return [(recordings[i], TEST_SNR_DB[turn % len(TEST_SNR_DB)]) for turn, i in enumerate(order)]


def _noise(
    r: Recording, others: list[Recording], noise_files: list[Path], number: int, rng: np.random.Generator
) -> tuple[Clip, ...]:
    """The noise of one clip."""
    voices = _voices(r, others, rng)
    kinds = ["synthetic", *(["babble"] if voices else []), *(["recorded"] if noise_files else [])]
    match kinds[rng.integers(len(kinds))]:
        case "babble":
            return tuple(Clip(voice.path, 0, voice.speaker, r.split) for voice in voices)
        case "recorded":
            return (background_clip(r.split, 0, noise_files, rng),)
        case _:
            return (Clip(None, 0, "", r.split, noise_seed=number),)


def _voices(r: Recording, others: list[Recording], rng: np.random.Generator) -> list[Recording]:
    """Recordings to babble beside this one; none where there are not two."""
    drawn = [others[i] for i in rng.integers(len(others), size=8 * N_VOICES)]
    drawn = list(dict.fromkeys(voice for voice in drawn if voice.path != r.path))
    strangers = [voice for voice in drawn if voice.speaker != r.speaker]
    chosen = (strangers if len(strangers) >= N_VOICES else drawn)[:N_VOICES]
    return chosen if len(chosen) >= 2 else []
