"""Streaming features are those of the whole recording, however it is cut; what the running averages come to."""

import math

import numpy as np
import pytest
import torch

from snn.audio.features import POWER_FLOOR, LogMel, log_mel
from snn.audio.live_features import finish, push, start_frames
from snn.audio.running import DEVIATION, TAU, normalise_running, running_state, running_step

CUTS = {
    "sample by sample": [1] * 1200,  # some frames at each rate
    "at once": [10_000],
    "10 ms": [80] * 100,
    "uneven": [0, 7, 1, 0, 513, 160, 3, 2048] * 4,
}
FLOOR = 2e-4


def speech(n_samples, dtype=torch.float64, seed=0):
    """Noise whose loudness changes a thousandfold, with digital silence before, between and after."""
    g = torch.Generator().manual_seed(seed)
    loudness = torch.exp(7 * torch.rand(1 + n_samples // 500, generator=g) - 7).repeat_interleave(500)[:n_samples]
    sound = loudness * torch.randn(n_samples, generator=g)
    for cut in (
        slice(0, n_samples // 10),
        slice(n_samples // 2, n_samples * 6 // 10),
        slice(n_samples * 9 // 10, None),
    ):
        sound[cut] = 0
    return sound.to(dtype)


def stream(samples, sizes, mel):
    """Features of the samples in pieces of these sizes, the rest as one piece."""
    state, parts = start_frames(mel, samples.dtype), []
    for piece in samples.split([*sizes_within(sizes, len(samples))]):
        features, state = push(state, piece, mel)
        parts.append(features)
    return torch.cat([*parts, finish(state, mel)])


def sizes_within(sizes, n_samples):
    done = 0
    for size in sizes:
        if done + size > n_samples:
            break
        yield size
        done += size
    yield n_samples - done


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("normalise", ["running", "none"])
@pytest.mark.parametrize(("rate", "hop_s"), [(8000, 0.01), (11_025, 0.0087), (16_000, 0.025)])
def test_any_cut_gives_the_bits_of_the_whole(rate, hop_s, normalise, dtype, sizes):
    mel, samples = LogMel(sample_rate=rate, hop_s=hop_s, normalise=normalise), speech(5003, dtype)
    whole = log_mel(torch.stack([speech(5003, dtype, seed=1), samples]), mel)[1]
    assert whole.std() > 0.3
    assert torch.equal(stream(samples, sizes, mel), whole)


@pytest.mark.parametrize("n_samples", [1, 79, 80, 128, 129, 255, 256, 257])
def test_recordings_shorter_than_a_frame_stream_too(n_samples):
    mel, samples = LogMel(sample_rate=8000, normalise="running"), speech(3000, torch.float32)[400 : 400 + n_samples]
    features = stream(samples, [1] * 3, mel)
    assert len(features) == 1 + n_samples // mel.hop_length
    assert torch.equal(features, log_mel(samples[None], mel)[0])


def test_a_frame_leaves_half_a_frame_after_its_centre():
    """The k-th frame is centred on sample k hop and ends n_fft / 2 later: with that sample it comes, not before."""
    mel = LogMel(sample_rate=8000, normalise="none")
    for k in range(4):
        needed = k * mel.hop_length + mel.n_fft // 2
        before, state = push(start_frames(mel), torch.ones(needed - 1), mel)
        assert len(before) == k
        assert len(push(state, torch.ones(1), mel)[0]) == 1


def test_a_state_is_not_changed_and_does_not_grow():
    mel, samples = LogMel(sample_rate=8000, normalise="running"), speech(40_000, torch.float32)
    _, state = push(start_frames(mel), samples[:20_000], mel)
    kept = [part.clone() for part in (state.samples, *state.running)]
    first, later = push(state, samples[20_000:], mel)
    assert all(torch.equal(a, b) for a, b in zip(kept, (state.samples, *state.running), strict=True))
    assert torch.equal(push(state, samples[20_000:], mel)[0], first)
    assert len(later.samples) < mel.n_fft
    assert later.samples.untyped_storage().nbytes() < 4 * mel.n_fft  # not a view that keeps the whole chunk


@pytest.mark.parametrize("normalise", ["clip", "band"])
def test_what_needs_the_whole_clip_does_not_stream_and_says_what_does(normalise):
    with pytest.raises(ValueError, match=r"--set features.normalise=running"):
        start_frames(LogMel(normalise=normalise))


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (torch.tensor([0.0, math.nan]), "NaN"),
        (torch.tensor([math.inf]), "infinity"),
        (torch.tensor([1e30]), "too large"),
        (torch.zeros(3, dtype=torch.float64), "float64"),
        (torch.zeros(3, dtype=torch.float16), "float16"),
    ],
)
def test_samples_that_cannot_follow_are_refused(samples, said):
    mel = LogMel(sample_rate=8000, normalise="running")
    with pytest.raises(ValueError, match=said):
        push(start_frames(mel), samples, mel)


def test_a_chunk_that_asks_for_a_gradient_gives_the_features_without_one():
    mel, samples = LogMel(sample_rate=8000, normalise="running"), speech(8000, torch.float32)
    plain, _ = push(start_frames(mel), samples, mel)
    features, state = push(start_frames(mel), samples.clone().requires_grad_(), mel)
    assert torch.equal(features, plain)
    assert not features.requires_grad
    assert not state.samples.requires_grad


def test_a_state_of_more_clips_or_no_number_is_refused():
    mel = LogMel(sample_rate=8000, normalise="running")
    state = start_frames(mel)
    for wrong in (torch.zeros(0), torch.zeros(2), torch.zeros(1, dtype=torch.float32)):
        wrong = wrong.double() if len(wrong) != 1 else wrong
        with pytest.raises(ValueError, match="three times"):
            push(state._replace(running=state.running._replace(level=wrong)), torch.zeros(9), mel)
    with pytest.raises(ValueError, match="state holds NaN"):
        push(state._replace(running=state.running._replace(mean=state.running.mean * torch.nan)), torch.zeros(9), mel)


def powers(n_batch=3, n_frames=60, n_bands=7):
    g = torch.Generator().manual_seed(2)
    power = torch.exp(4 * torch.randn(n_batch, n_frames, n_bands, generator=g, dtype=torch.float64))
    power[0, :5], power[1, 20:30], power[2] = 0, 0, 0
    return power


def test_the_compiled_scan_is_the_plain_step():
    """Features, last state and, through the plain form, the same again when the second half starts from it."""
    power = powers() * torch.tensor([1.0, 1e-7, 1.0], dtype=torch.float64)[:, None, None]
    state, share = running_state(3), 1 - math.exp(-0.01 / TAU)
    fast, end = normalise_running(power, state, 0.01, FLOOR)
    plain, plain_end = normalise_running(power.clone().requires_grad_(), state, 0.01, FLOOR)
    torch.testing.assert_close(fast, plain.detach(), rtol=1e-12, atol=1e-12)
    for a, b in zip(end, plain_end, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-12, atol=1e-12)
    one, after = running_step(power[:, 0], state, share, FLOOR)
    torch.testing.assert_close(one, fast[:, 0])
    halves = [
        normalise_running(power[:, :1], state, 0.01, FLOOR)[0],
        normalise_running(power[:, 1:], after, 0.01, FLOOR)[0],
    ]
    torch.testing.assert_close(torch.cat(halves, 1), fast, rtol=1e-12, atol=1e-12)


def test_running_averages_are_weighted_sums_of_what_was_heard():
    """Written out: level_t = sum_s w_s <p_s> / sum_s w_s, w_s = exp(-(t - s) hop / TAU) over the sounding frames."""
    power, hop = powers()[1:2], 0.02
    features = normalise_running(power, running_state(1), hop, FLOOR)[0][0].numpy()
    p = power[0].numpy()
    heard = np.flatnonzero(p.sum(1) > 0)
    y_mean = []
    for t in range(len(p)):
        past = heard[heard <= t]
        w = np.exp(-(np.searchsorted(heard, past[-1]) - np.arange(len(past))) * hop / TAU)
        y = np.log(p[t] + FLOOR * (w @ p[past].mean(1)) / w.sum())
        if t in heard:
            y_mean.append(y.mean())
        np.testing.assert_allclose(features[t], (y - w @ np.array(y_mean) / w.sum()) / DEVIATION, rtol=1e-9, atol=1e-9)


def test_digital_silence_is_zero_and_forgets_nothing():
    power = powers()
    features, end = normalise_running(power, running_state(3), 0.01, FLOOR)
    assert (features[0, :5] == 0).all()
    assert (features[2] == 0).all()
    assert end.weight[2] == 0
    heard = normalise_running(power[1:2, [*range(20), *range(30, 60)]], running_state(1), 0.01, FLOOR)[0]
    torch.testing.assert_close(features[1:2, 30:], heard[:, 20:], rtol=1e-12, atol=1e-12)


def test_the_past_is_all_that_counts():
    mel, samples = LogMel(sample_rate=8000, normalise="running"), speech(8000)
    changed = samples.clone()
    changed[4000:] = 3 * torch.randn(4000, dtype=torch.float64)
    unaffected = (4000 - mel.n_fft // 2) // mel.hop_length + 1  # frames that end before sample 4000
    a, b = log_mel(torch.stack([samples, changed]), mel)
    assert torch.equal(a[:unaffected], b[:unaffected])
    assert not torch.equal(a[unaffected], b[unaffected])


def test_the_floor_is_the_front_ends():
    """White noise of mean square 1: at once the level is the frame's own, and the feature is known."""
    mel = LogMel(sample_rate=8000, normalise="running")
    power = torch.ones(1, 1, 4, dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0, 6.0])
    y = torch.log(power + POWER_FLOOR * mel.n_fft * 3)
    expected = (y - y.mean()) / DEVIATION
    got = normalise_running(power, running_state(1), mel.hop_s, POWER_FLOOR * mel.n_fft)[0]
    torch.testing.assert_close(got, expected)
