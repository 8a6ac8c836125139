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
        LogMel(sample_rate=16_000, n_mels=1, hop_s=0.025),
    ],
    ids=lambda mel: f"{mel.sample_rate}Hz-{mel.win_length}/{mel.hop_length}",
)
@pytest.mark.parametrize("gradient", [False, True], ids=["compiled", "plain"])
def test_mel_power_is_librosas(mel, n_samples, gradient):
    waveform = noise(2, n_samples)
    expected = librosa_power(waveform, mel)
    power = mel_power(waveform.requires_grad_(gradient), mel).detach().numpy()
    assert power.shape == expected.shape
    np.testing.assert_allclose(np.log(power), np.log(expected), rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("gradient", [False, True], ids=["compiled", "plain"])
def test_bands_narrower_than_a_bin_hear_nothing_as_in_librosa(gradient):
    mel, waveform = LogMel(sample_rate=8000, n_mels=200), noise(2, 8000)
    power = mel_power(waveform.clone().requires_grad_(gradient), mel).detach()
    expected = librosa_power(waveform, mel)
    silent = expected[0, 0] == 0
    assert 20 < silent.sum() < 180
    np.testing.assert_array_equal(power.numpy() == 0, expected == 0)
    np.testing.assert_allclose(power.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16_000])
def test_log_mel_of_single_precision_audio_is_the_log_of_librosas(sample_rate):
    """Each in its own precision: 1e-5 in log units. Clips of one part, of many, and neighbours in a part."""
    mel = LogMel(sample_rate=sample_rate, normalise="none")
    for dtype in (np.float32, np.float64):
        waveform = noise(23, sample_rate + 3, dtype=dtype)
        expected = np.log(librosa_power(waveform, mel) + POWER_FLOOR * mel.n_fft)
        features = log_mel(waveform, mel).numpy()
        assert features.dtype == dtype
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)


def test_the_gradient_reaches_the_waveform():
    """Against central differences of the compiled numbers."""
    mel = LogMel(sample_rate=8000, n_mels=6, duration_s=0.05, normalise="running")
    x = noise(1, 400).requires_grad_()
    weight = torch.linspace(-1, 1, 6, dtype=torch.float64)
    (log_mel(x, mel) * weight).sum().backward()
    for i in (3, 200, 390):
        step = torch.zeros_like(x).detach()
        step[0, i] = 1e-6
        up, down = ((log_mel(x.detach() + s, mel) * weight).sum().item() for s in (step, -step))
        assert x.grad[0, i].item() == pytest.approx((up - down) / 2e-6, rel=1e-5)


def test_the_number_of_frames_is_what_the_settings_promise():
    for sample_rate, duration in ((8000, 0.5), (16_000, 1.0), (11_025, 0.7)):
        mel = LogMel(sample_rate=sample_rate, duration_s=duration)
        assert log_mel(noise(1, mel.n_samples), mel).shape == (1, mel.n_frames, mel.n_mels)


def test_a_clip_has_unit_level_whatever_its_own():
    quiet_and_loud = noise(2, 8000) * torch.tensor([[1e-3], [30.0]])
    assert torch.allclose(normalise_level(quiet_and_loud).square().mean(1), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("normalise", ["band", "clip", "running"])
def test_features_do_not_depend_on_the_level(normalise):
    mel, waveform = LogMel(sample_rate=8000, normalise=normalise), noise(2, 8000, dtype=np.float32)
    features = log_mel(waveform, mel)
    for gain in (16.0, 1 / 16):  # powers of two are exact
        if normalise != "running":  # which subtracts the logarithm of the level instead of dividing
            assert torch.equal(log_mel(gain * waveform, mel), features)
        assert torch.allclose(log_mel(gain * waveform, mel), features, rtol=0, atol=1e-5)
    assert torch.allclose(log_mel(0.37 * waveform, mel), features, atol=1e-3)


def test_without_normalisation_the_level_is_left_alone():
    """Twice the waveform is 4 times the power: ln 4 more, where the floor is far below."""
    mel, waveform = LogMel(sample_rate=8000, normalise="none"), 1e6 * noise(2, 8000)
    assert torch.allclose(log_mel(2 * waveform, mel) - log_mel(waveform, mel), torch.tensor(4.0).log().double())


@pytest.mark.parametrize("normalise", ["band", "clip", "running", "none"])
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


@pytest.mark.parametrize("normalise", ["band", "clip", "running", "none"])
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
        LogMel(**{"sample_rate": 16_000} | setting)


@pytest.mark.parametrize("normalise", ["clip", "running", "none"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_sample_that_is_no_sound_is_refused(normalise, value):
    waveform = noise(30, 8000, dtype=np.float32)
    waveform[17, 4321] = value
    for gradient in (False, True):
        with pytest.raises(ValueError, match="NaN, infinity"):
            log_mel(waveform.clone().requires_grad_(gradient), LogMel(sample_rate=8000, normalise=normalise))


@pytest.mark.parametrize(
    ("waveform", "said"),
    [
        (torch.zeros(2, 0), "at least one sample"),
        (torch.zeros(2, 800, dtype=torch.float16), "float16"),
        (torch.zeros(2, 800, dtype=torch.bfloat16), "bfloat16"),
    ],
)
def test_a_waveform_of_another_kind_is_refused(waveform, said):
    with pytest.raises(ValueError, match=said):
        log_mel(waveform, LogMel(sample_rate=8000))


def test_any_strides_and_no_clips_will_do():
    mel, waveform = LogMel(sample_rate=8000), noise(3, 8000)
    assert torch.equal(log_mel(waveform.T.contiguous().T, mel), log_mel(waveform, mel))
    assert torch.equal(log_mel(waveform.repeat_interleave(2, 1)[:, ::2], mel), log_mel(waveform, mel))
    assert log_mel(waveform[:0], mel).shape == (0, mel.n_frames, mel.n_mels)
