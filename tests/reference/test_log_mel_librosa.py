"""Log-mel features against librosa, and what they must not depend on: level, silence, neighbours in the batch."""

import librosa
import numpy as np
import pytest
import torch

from snn.audio.features import POWER_FLOOR, LogMel, log_mel, mel_power, normalise_level


def noise(n_clips, n_samples, seed=0, dtype=np.float64):
    """Coloured noise with a chirp: energy in every band, unequal between bands."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, n_samples)
    walk = np.cumsum(rng.standard_normal((n_clips, n_samples)), 1)
    walk -= walk.mean(1, keepdims=True)
    sound = 0.01 * walk + 0.1 * rng.standard_normal((n_clips, n_samples)) + np.sin(2e3 * time**2)
    return torch.from_numpy((0.05 * sound).astype(dtype))


def librosa_power(waveform, mel):
    return librosa.feature.melspectrogram(
        y=waveform.numpy(),
        sr=mel.sample_rate,
        n_fft=mel.n_fft,
        hop_length=mel.hop_length,
        win_length=mel.win_length,
        pad_mode="constant",
        n_mels=mel.n_mels,
        fmin=mel.f_min,
        fmax=mel.f_max,
    ).swapaxes(-1, -2)


@pytest.mark.parametrize("n_samples", [8000, 8001, 7919, 16_123])
@pytest.mark.parametrize(
    "mel",
    [
        LogMel(sample_rate=8000, n_mels=24),
        LogMel(sample_rate=16_000),
        LogMel(sample_rate=16_000, window_s=0.032, hop_s=0.0085, f_min=20.0, f_max=7000.0),
        LogMel(sample_rate=11_025, n_mels=20, window_s=0.0301),
    ],
    ids=lambda mel: f"{mel.sample_rate}Hz-{mel.win_length}/{mel.hop_length}",
)
def test_mel_power_is_librosas(mel, n_samples):
    waveform = noise(2, n_samples)
    power, expected = mel_power(waveform, mel).numpy(), librosa_power(waveform, mel)
    assert power.shape == expected.shape
    np.testing.assert_allclose(np.log(power), np.log(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16_000])
def test_log_mel_of_single_precision_audio_is_the_log_of_librosas(sample_rate):
    mel = LogMel(sample_rate=sample_rate, normalise="none")
    waveform = noise(2, sample_rate + 3, dtype=np.float32)
    level = waveform.double().square().mean(1, keepdim=True).sqrt()
    expected = np.log(librosa_power(waveform.double() / level, mel) + POWER_FLOOR * mel.n_fft)
    np.testing.assert_allclose(log_mel(waveform, mel).numpy(), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(log_mel(waveform.double(), mel).numpy(), expected, rtol=0, atol=1e-5)


def test_the_number_of_frames_is_what_the_settings_promise():
    for sample_rate, duration in ((8000, 0.5), (16_000, 1.0), (11_025, 0.7)):
        mel = LogMel(sample_rate=sample_rate, duration_s=duration)
        assert log_mel(noise(1, mel.n_samples), mel).shape == (1, mel.n_frames, mel.n_mels)


def test_a_clip_has_unit_level_whatever_its_own():
    quiet_and_loud = noise(2, 8000) * torch.tensor([[1e-3], [30.0]])
    assert torch.allclose(normalise_level(quiet_and_loud).square().mean(1), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("normalise", ["band", "clip", "none"])
def test_features_do_not_depend_on_the_level(normalise):
    mel, waveform = LogMel(sample_rate=8000, normalise=normalise), noise(2, 8000, dtype=np.float32)
    features = log_mel(waveform, mel)
    for gain in (16.0, 1 / 16):  # powers of two are exact
        assert torch.equal(log_mel(gain * waveform, mel), features)
    assert torch.allclose(log_mel(0.37 * waveform, mel), features, atol=1e-3)


@pytest.mark.parametrize("normalise", ["band", "clip", "none"])
def test_silence_and_a_lone_click_give_finite_features(normalise):
    waveform = torch.zeros(3, 8000)
    waveform[1, 4000] = 1.0
    waveform[2] = 1e-12
    features = log_mel(waveform, LogMel(sample_rate=8000, normalise=normalise))
    assert torch.isfinite(features).all()
    if normalise != "none":  # a constant feature is no information: zero, not amplified rounding
        assert features[0].abs().max() < 1e-2


@pytest.mark.parametrize(("normalise", "axes"), [("band", 1), ("clip", (1, 2))])
def test_normalised_features_have_mean_0_and_variance_1(normalise, axes):
    features = log_mel(noise(3, 8000), LogMel(sample_rate=8000, normalise=normalise))
    zero = torch.zeros_like(features.mean(axes))
    assert torch.allclose(features.mean(axes), zero, atol=1e-9)
    assert torch.allclose(features.var(axes, correction=0), zero + 1)


@pytest.mark.parametrize("normalise", ["band", "clip", "none"])
def test_a_batch_is_its_items(normalise):
    mel, waveform = LogMel(sample_rate=8000, normalise=normalise), noise(4, 7999)
    items = torch.cat([log_mel(clip[None], mel) for clip in waveform])
    assert torch.allclose(log_mel(waveform, mel), items, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"sample_rate": 100}, "sample_rate"),
        ({"n_mels": 0}, "n_mels"),
        ({"hop_s": 0.0}, "hop_s"),
        ({"hop_s": 0.05}, "hop_s"),
        ({"duration_s": 0.01}, "duration_s"),
        ({"f_max": 9000.0}, "f_max"),
        ({"f_min": 8000.0}, "f_min"),
        ({"f_min": -1.0}, "f_min"),
    ],
)
def test_settings_out_of_range_are_refused(setting, said):
    with pytest.raises(ValueError, match=rf"LogMel\.{said}"):
        LogMel(**setting)
