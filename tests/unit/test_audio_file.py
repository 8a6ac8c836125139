"""Every kind of recording is read alike; every kind of damage gets one clear line."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from snn.data.recordings.audio_file import AudioFileError, audio_info, check_audio, fit_duration, read_audio, resample

RATE = 16_000
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 4) / RATE)


def write(path: Path, samples: np.ndarray = TONE, rate: int = RATE, subtype: str | None = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "FLOAT", 1e-7),
        ("a.wav", "DOUBLE", 1e-7),
        ("a.flac", "PCM_16", 2**-15),
    ],
)
def test_samples_agree_to_within_one_quantisation_step(tmp_path, name, subtype, step):
    waveform, rate = read_audio(write(tmp_path / name, subtype=subtype))
    assert (rate, waveform.dtype, waveform.shape) == (RATE, np.float32, TONE.shape)
    np.testing.assert_allclose(waveform, TONE, atol=1.01 * step)


def test_lossy_ogg_keeps_length_and_tone(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.ogg", subtype=None))
    assert waveform.shape == TONE.shape
    assert np.corrcoef(waveform, TONE)[0, 1] > 0.99


def test_stereo_is_averaged(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.wav", np.stack([TONE, 0.25 * TONE], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(waveform, 0.625 * TONE, atol=1e-7)


def test_an_excerpt_is_the_slice_of_the_whole(tmp_path):
    path = write(tmp_path / "a.wav")
    whole, _ = read_audio(path)
    np.testing.assert_array_equal(read_audio(path, 0.05, 0.1)[0], whole[800:2400])
    np.testing.assert_array_equal(read_audio(path, 0.2, 9.0)[0], whole[3200:])
    with pytest.raises(AudioFileError, match=r"lasts 0\.250 s"):
        read_audio(path, 0.25)
    with pytest.raises(ValueError, match="start >= 0"):
        read_audio(path, -1.0)


def test_an_excerpt_of_hours_reads_only_the_excerpt(tmp_path):
    """A sparse file of 3 hours at 44.1 kHz: read whole it would take about 1.9 GB."""
    path = write(tmp_path / "a.wav", TONE, 44_100)
    n_bytes = 3 * 3600 * 44_100 * 2
    head = bytearray(path.read_bytes()[:44])
    head[4:8], head[40:44] = struct.pack("<I", n_bytes + 36), struct.pack("<I", n_bytes)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(44 + n_bytes)
    assert audio_info(path).duration_s == 3 * 3600
    assert read_audio(path, 3600.0, 1.0)[0].shape == (44_100,)


def test_all_zeros_are_valid(tmp_path):
    assert not read_audio(write(tmp_path / "a.wav", np.zeros(100)))[0].any()


def test_float_samples_beyond_full_scale_are_divided_by_their_peak(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.wav", 8 * TONE, subtype="FLOAT"))
    np.testing.assert_allclose(waveform, TONE / np.abs(TONE).max(), atol=1e-6)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_recorder_that_streams_may_leave_the_size_open(tmp_path, size):
    data = bytearray(write(tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = struct.pack("<I", size)
    (tmp_path / "a.wav").write_bytes(data)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], TONE, atol=1e-4)


def damaged(folder: Path) -> dict[str, Path]:
    sound = write(folder / "sound.wav").read_bytes()
    flac = write(folder / "sound.flac").read_bytes()
    wrong_rate = bytearray(sound)
    wrong_rate[24:28] = struct.pack("<I", 10)
    bad = {
        "is empty": b"",
        "1000 found": sound[:1044],
        "0 found": sound[:44],
        "ends before its data chunk": sound[:30],
        "damaged or not audio": b"yes no up down, not a sound\n" * 9,
        "damaged": flac[: len(flac) // 2],
        "sample rate of 10 Hz": bytes(wrong_rate),
    }
    paths = {}
    for k, (problem, data) in enumerate(bad.items()):
        paths[problem] = folder / f"{k}{'.flac' if data[:4] == b'fLaC' else '.wav'}"
        paths[problem].write_bytes(data)
    paths["holds no samples"] = write(folder / "none.wav", np.zeros(0))
    for value in (np.nan, np.inf):
        paths[f"has 1 {'NaN'}" if np.isnan(value) else "infinite"] = write(
            folder / f"{value}.wav", np.append(TONE, value), subtype="FLOAT"
        )
    paths["is a folder"] = folder
    paths["does not exist"] = folder / "absent.wav"
    paths["no audio header"] = folder / "sound.raw"
    (folder / "sound.raw").write_bytes(sound[44:])
    return paths


def test_each_damaged_file_gets_one_line_that_names_it_and_the_problem(tmp_path):
    for read in (read_audio, check_audio):
        for problem, path in damaged(tmp_path).items():
            with pytest.raises(AudioFileError) as caught:
                read(path)
            message = str(caught.value)
            assert problem in message
            assert str(path) in message
            assert "\n" not in message


def test_a_tone_keeps_its_frequency_through_resampling():
    """A tone is its own resampled version, away from the ends where the filter sees the edge."""
    for target in (8_000, 22_050, 44_100, 44_099):
        resampled = resample(TONE.astype(np.float32), RATE, target)
        expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(resampled.size) / target)
        assert abs(resampled.size - TONE.size * target / RATE) <= 1
        inner = slice(target // 50, -target // 50)
        np.testing.assert_allclose(resampled[inner], expected[inner], atol=2e-3)


def test_resampling_removes_what_the_new_rate_cannot_carry():
    high = np.sin(2 * np.pi * 6_000 * np.arange(RATE) / RATE).astype(np.float32)
    assert np.abs(resample(high, RATE, 8_000)[400:-400]).max() < 0.01


def test_equal_rates_change_nothing():
    waveform = TONE.astype(np.float32)
    assert resample(waveform, RATE, RATE) is waveform
    with pytest.raises(ValueError, match="10 Hz is outside"):
        resample(waveform, 10, RATE)


def test_short_waveforms_are_padded_on_both_sides():
    np.testing.assert_array_equal(fit_duration(np.ones(3, np.float32), 6), [0, 1, 1, 1, 0, 0])


def test_long_waveforms_keep_the_window_of_greatest_energy():
    rng = np.random.default_rng(3)
    waveform = (rng.standard_normal(500) * np.hanning(500)).astype(np.float32)
    n = 120
    best = max(range(len(waveform) - n + 1), key=lambda k: np.square(waveform[k : k + n], dtype=np.float64).sum())
    assert 0 < best < len(waveform) - n
    np.testing.assert_array_equal(fit_duration(waveform, n), waveform[best : best + n])
    with pytest.raises(ValueError, match="at least 1"):
        fit_duration(waveform, 0)
