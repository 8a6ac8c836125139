"""The ratio of a mix counts active speech: whatever silence surrounds it, the measured ratio is the one asked for."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from snn.data.corpora.clip import Clip, Mix, load_clip
from snn.data.recordings.mixture import active_power, babble
from snn.data.recordings.recording_error import RecordingError

RATE = 8000


def tone(n: int, amplitude: float = 0.5, frequency: float = 500.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(n) / RATE)


@pytest.mark.parametrize("silence_s", [0.0, 0.4, 4.0])
def test_silence_around_speech_leaves_its_power(silence_s):
    """A tone of amplitude A has the power A^2 / 2 while it sounds."""
    silence = np.zeros(round(silence_s * RATE))
    sound = np.concatenate([silence, tone(4000), silence])
    assert active_power(sound, RATE) == pytest.approx(0.125, rel=1e-9)
    assert active_power(10 * sound, RATE) == pytest.approx(12.5, rel=1e-9)


def test_what_is_16_db_below_is_not_active_and_what_is_15_db_below_is():
    """Half the time at power 1, half at 10^(-d/10): the mean of both is (1 + 10^(-d/10)) / 2, 3 dB lower."""
    for below, active in ((20.0, 1.0), (12.0, (1 + 10**-1.2) / 2)):
        sound = np.concatenate([tone(4000, 2**0.5), tone(4000, (2 * 10 ** (-below / 10)) ** 0.5)])
        assert active_power(sound, RATE) == pytest.approx(active, rel=1e-9)


def test_digital_silence_and_a_few_samples_have_their_power():
    assert active_power(np.zeros(500), RATE) == 0
    assert active_power(np.array([0.5]), RATE) == 0.25


def test_babble_adds_voices_of_equal_power():
    rng = np.random.default_rng(0)
    voices = [scale * rng.standard_normal(5000) for scale in (0.01, 1.0, 100.0)]
    mixed = babble(voices, 40_000, np.random.default_rng(1))
    assert np.mean(mixed**2) == pytest.approx(3, rel=0.1)  # independent voices, each of power 1
    for voice in voices:
        spectrum = np.fft.rfft(np.resize(voice, 40_000))
        weight = (
            abs(np.vdot(spectrum, np.fft.rfft(mixed))) / np.linalg.norm(spectrum) / np.linalg.norm(np.fft.rfft(mixed))
        )
        assert weight < 0.99
    with pytest.raises(ValueError, match="silent"):
        babble([np.zeros(10)], 100, rng)


def test_a_voice_long_enough_stays_as_it_is():
    voice = np.random.default_rng(0).standard_normal(300)
    expected = voice / np.sqrt(np.mean(voice**2))
    np.testing.assert_allclose(babble([voice], 200, np.random.default_rng(1)), expected[:200])


@pytest.fixture
def speech(tmp_path) -> Clip:
    """0.3 s of sound in a recording of 0.5 s."""
    path = tmp_path / "speech.wav"
    soundfile.write(path, np.concatenate([np.zeros(880), tone(2400), np.zeros(720)]), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "a.wav", tone(3000, 0.1, 310.0), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", tone(5000, 0.3, 1270.0), RATE, subtype="FLOAT")
    return Clip(path, 1, "", "test")


def noises(folder) -> dict[str, tuple[Clip, ...]]:
    return {
        "synthetic": (Clip(None, 0, "", "test", noise_seed=5),),
        "babble": tuple(Clip(folder / name, 0, "", "test") for name in ("a.wav", "b.wav")),
        "recorded": (Clip(folder / "b.wav", 0, "", "test", start_s=0.1, gain=0.2),),
    }


@pytest.mark.parametrize("snr_db", [20.0, 0.0, -5.0])
@pytest.mark.parametrize("kind", ["synthetic", "babble", "recorded"])
def test_the_measured_ratio_is_the_one_asked_for(speech, tmp_path, kind, snr_db):
    """The sound fills 15 whole blocks of the clip of 1 s; by hand: A^2 / 2 of the tone over the mean of the noise."""
    mixed = replace(speech, mix=Mix(snr_db, noises(tmp_path)[kind], seed=3))
    noise = load_clip(mixed, RATE, 1.0).astype(float) - load_clip(speech, RATE, 1.0)
    assert 10 * np.log10(0.125 / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.01)
    assert mixed.snr_db == snr_db
    assert speech.snr_db is None
    alone = load_clip(replace(mixed, mix=replace(mixed.mix, speech=False)), RATE, 1.0)
    np.testing.assert_allclose(alone, noise, atol=1e-6)
    np.testing.assert_array_equal(load_clip(mixed, RATE, 1.0), load_clip(mixed, RATE, 1.0))


def test_a_mix_without_a_ratio_is_refused(speech, tmp_path):
    noise = noises(tmp_path)["synthetic"]
    for snr_db, some in ((float("nan"), noise), (200.0, noise), (0.0, ())):
        with pytest.raises(ValueError, match="want -100 to 100 dB, at least one"):
            Mix(snr_db, some)
    with pytest.raises(ValueError, match="needs a recording"):
        replace(noise[0], mix=Mix(0.0, noise))
    soundfile.write(tmp_path / "silent.wav", np.zeros(4000), RATE)
    silent = Clip(tmp_path / "silent.wav", 0, "", "test")
    for clip in (replace(silent, mix=Mix(0.0, noise)), replace(speech, mix=Mix(0.0, (silent,)))):
        with pytest.raises(RecordingError, match="silent"):
            load_clip(clip, RATE, 1.0)
