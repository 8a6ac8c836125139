"""Encoders: what their spikes say of the signal, their gradients, and what they refuse."""

import math

import pytest
import torch

from snn.encoders.encoder import DeltaEncoder, LatencyEncoder, LIFEncoder, RateEncoder, build_encoder
from snn.encoders.events import delta_encode, latency_encode, rate_encode
from snn.neurons.lif import LIFParams, decay, lif_state, lif_step
from snn.neurons.scan import scan
from snn.recipes.recipe import parse_recipe


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def slow_signal(threshold, n_steps=200, n_batch=2, n_channels=3):
    """A random walk whose steps stay below the threshold."""
    steps = 2 * torch.rand(n_batch, n_steps, n_channels, generator=generator(), dtype=torch.float64) - 1
    return 0.95 * threshold * torch.cumsum(steps, 1)


def decode(spikes, start, threshold):
    on, off = spikes.chunk(2, -1)
    return start + threshold * torch.cumsum(on - off, 1)


# Send-on-delta


@pytest.mark.parametrize("threshold", [0.05, 0.3, 2.0])
def test_delta_spikes_carry_a_slow_signal_within_one_threshold(threshold):
    signal = slow_signal(threshold)
    spikes = delta_encode(signal, threshold)
    assert (decode(spikes, signal[:, :1], threshold) - signal).abs().max() <= threshold * (1 + 1e-9)
    assert spikes.sum() > 100


@pytest.mark.parametrize("n", [1, 3, 6])
def test_delta_sends_a_jump_of_n_thresholds_in_n_steps(n):
    signal = torch.zeros(1, 12, 1)
    signal[:, 2:] = (n + 0.5) * 0.2
    on, off = delta_encode(signal, 0.2).chunk(2, -1)
    assert on.flatten().nonzero().flatten().tolist() == list(range(2, 2 + n))
    assert not off.any()


def test_delta_is_silent_on_a_change_of_exactly_one_threshold():
    signal = torch.tensor([0.0, 0.25, 0.0, -0.25]).view(1, -1, 1)
    assert not delta_encode(signal, 0.25).any()


def test_delta_of_the_mirrored_signal_swaps_on_and_off():
    signal = slow_signal(0.1)
    on, off = delta_encode(signal, 0.1).chunk(2, -1)
    assert torch.equal(delta_encode(-signal, 0.1), torch.cat((off, on), -1))


def test_delta_does_not_see_a_constant_offset():
    signal = torch.round(slow_signal(0.5) * 64) / 64  # sums exactly in binary
    assert torch.equal(delta_encode(signal + 16, 0.5), delta_encode(signal, 0.5))


def test_delta_gradient_reaches_the_signal():
    signal = slow_signal(0.1).requires_grad_()
    weights = torch.randn(*signal.shape[:2], 6, generator=generator(1), dtype=torch.float64)
    (delta_encode(signal, 0.1) * weights).sum().backward()
    assert torch.isfinite(signal.grad).all()
    assert signal.grad.any()


@pytest.mark.parametrize("threshold", [0.0, -1.0, math.nan])
def test_delta_refuses_a_threshold_that_is_not_positive(threshold):
    with pytest.raises(ValueError, match="delta threshold must be positive"):
        delta_encode(torch.zeros(3, 1, 1), threshold)


# Latency


def times(values, n_steps, v_threshold=0.1, tau=0.3):
    """Step of the spike of each value, None where there is none."""
    x = torch.tensor(values, dtype=torch.float64).view(1, 1, -1)
    spikes = latency_encode(x, n_steps, v_threshold, tau)[0]
    assert (spikes.sum(0) <= 1).all()
    return [int(column.argmax()) if column.any() else None for column in spikes.T]


def test_latency_is_the_closed_form():
    values = [0.12, 0.2, 0.35, 0.5, 1.0, 3.0]
    expected = [math.floor(100 * 0.3 * math.log(x / (x - 0.1))) for x in values]
    assert times(values, 100) == expected
    assert times([0.103], 100) == [None]  # t = 1.06: later than the interval
    assert times([0.1037], 100) == [None if 0.3 * math.log(0.1037 / 0.0037) >= 1 else 99]


def test_latency_is_the_first_spike_of_a_lif_neuron_driven_by_the_value():
    values = torch.linspace(0.02, 1.5, 40, dtype=torch.float64)
    tau, n_steps = torch.full_like(values, 0.3), 64
    params = LIFParams(decay(tau, 1 / n_steps), torch.full_like(values, 0.1))
    spikes, _ = scan(lif_step, values.expand(n_steps, 1, -1), lif_state(1, values), params)
    first = [int(column.argmax()) if column.any() else None for column in spikes[:, 0].T]
    assert times(values.tolist(), n_steps) == first


def test_a_larger_value_never_comes_later():
    steps = times(torch.linspace(0.11, 2, 300).tolist(), 50)
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) > 20


def test_latency_is_silent_at_and_below_threshold():
    assert times([-5.0, 0.0, 0.05, 0.1], 1000, tau=1e-6) == [None] * 4
    assert times([-5.0, 0.0, 0.05, 0.1 + 1e-9], 1000, tau=1e-6) == [None, None, None, 0]


def test_each_sample_fills_its_own_steps():
    signal = torch.tensor([[[0.0, 1.0], [0.5, 0.0]]])
    spikes = latency_encode(signal, 10)
    alone = [latency_encode(sample, 10) for sample in signal.split(1, 1)]
    assert spikes.shape == (1, 20, 2)
    assert torch.equal(spikes, torch.cat(alone, 1))
    assert spikes[0, :10].sum(0).tolist() == [0, 1]
    assert spikes[0, 10:].sum(0).tolist() == [1, 0]


@pytest.mark.parametrize(("n_steps", "v", "tau"), [(0, 0.1, 0.3), (5, 0.0, 0.3), (5, 0.1, -1.0), (5, math.nan, 0.3)])
def test_latency_refuses_parameters_that_are_not_positive(n_steps, v, tau):
    with pytest.raises(ValueError, match="must be positive"):
        latency_encode(torch.ones(1, 1, 1), n_steps, v, tau)


# Rate


@pytest.mark.parametrize(("value", "clipped"), [(-0.5, 0.0), (0.0, 0.0), (0.2, 0.2), (0.7, 0.7), (1.0, 1.0), (9, 1.0)])
def test_rate_is_the_value_times_the_largest_within_four_sigma(value, clipped):
    n, p = 40_000, clipped * 80.0 * 0.005
    spikes = rate_encode(torch.full((1, n, 1), float(value)), generator(), max_rate=80.0, dt=0.005)
    assert abs(spikes.mean().item() - p) <= 4 * math.sqrt(p * (1 - p) / n)


def test_rate_spikes_are_0_or_1_exactly_while_gradients_flow():
    signal = torch.rand(200, 4, 8, generator=generator()).requires_grad_()
    spikes = rate_encode(signal, generator(1), max_rate=90.0, dt=0.01)
    assert set(spikes.detach().unique().tolist()) == {0.0, 1.0}


def test_rate_gradient_is_the_largest_probability_inside_the_range_and_0_outside():
    signal = torch.tensor([-1.0, 0.3, 0.9, 1.5]).view(1, 1, 4).requires_grad_()
    rate_encode(signal, generator(), max_rate=50.0, dt=0.004, n_steps=3).sum().backward()
    assert signal.grad.flatten().tolist() == pytest.approx([0.0, 0.6, 0.6, 0.0])  # 3 steps of 0.2


def test_rate_draws_follow_the_seed():
    signal = torch.full((50, 2, 3), 0.5)
    drawn = [rate_encode(signal, generator(seed), 100.0, 0.01) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_rate_repeats_each_sample_for_its_steps():
    signal = torch.tensor([1.0, 0.0, 1.0]).view(1, 3, 1)
    spikes = rate_encode(signal, generator(), max_rate=250.0, dt=0.004, n_steps=4)
    assert spikes.flatten().tolist() == [1.0] * 4 + [0.0] * 4 + [1.0] * 4


@pytest.mark.parametrize(("max_rate", "dt"), [(101.0, 0.01), (0.0, 0.01), (-5.0, 0.01), (math.nan, 0.01)])
def test_rate_refuses_what_is_no_probability(max_rate, dt):
    with pytest.raises(ValueError, match="probability"):
        rate_encode(torch.ones(1, 1, 1), generator(), max_rate, dt)


@pytest.mark.parametrize("n_steps", [0, -1])
def test_rate_refuses_less_than_one_step(n_steps):
    with pytest.raises(ValueError, match="n_steps"):
        rate_encode(torch.ones(1, 1, 1), generator(), 10.0, 0.01, n_steps)


def test_a_rate_encoder_asks_for_a_generator():
    with pytest.raises(ValueError, match="pass a generator"):
        RateEncoder(2, max_rate=50.0, dt=0.01)(torch.zeros(1, 3, 2))


# LIF


def test_a_constant_feature_fires_at_the_closed_form_rate():
    tau, dt, n_steps = 0.02, 5e-4, 2000
    encoder = LIFEncoder(3, tau_mem=tau, dt=dt, generator=generator())
    signal = torch.tensor([0.0, 1.5, -2.0])
    counts = encoder(signal.expand(1, n_steps, 3)).sum((0, 1))
    drive = signal.repeat_interleave(2) * encoder.gain + encoder.bias
    for n, e in zip(counts.tolist(), drive.tolist(), strict=True):
        assert n == (n_steps // math.ceil(tau / dt * math.log(e / (e - 1))) if e > 1 else 0)
    assert (counts > 0).sum() >= 2


def test_neurons_of_a_band_see_that_band_alone_and_every_second_one_falling_values():
    encoder = LIFEncoder(3, per_channel=4, tau_mem=0.02, dt=0.01, generator=generator())
    signal = torch.zeros(1, 1, 3)
    signal[..., 1] = 1.0
    change = (encoder.drive(signal) - encoder.bias)[0, 0].view(3, 4)
    assert not change[[0, 2]].any()
    assert (change[1].sign() == torch.tensor([1, -1, 1, -1])).all()


def test_rheobase_features_stay_silent():
    encoder = LIFEncoder(1, tau_mem=0.02, dt=0.01, generator=generator())
    with torch.no_grad():
        encoder.bias.fill_(0.5)
        encoder.gain.fill_(0.5)
    assert not encoder(torch.ones(1, 300, 1)).any()


# All of them


@pytest.mark.parametrize(
    ("encoder", "steps", "channels"),
    [
        (LIFEncoder(1, per_channel=3, tau_mem=1e-3, dt=1 / 8000, generator=generator()), 1, 3),
        (DeltaEncoder(1, threshold=0.05), 1, 2),
        (LatencyEncoder(1, n_steps=4), 4, 1),
        (RateEncoder(1, max_rate=500.0, dt=1 / 8000, n_steps=2, generator=generator()), 2, 1),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_raw_waveform_can_be_encoded(encoder, steps, channels):
    waveform = torch.sin(torch.linspace(0, 60, 400)).view(1, -1, 1).repeat(2, 1, 1)
    spikes = encoder(waveform)
    assert spikes.shape == (2, 400 * steps, channels)
    assert encoder.n_out == channels
    assert set(spikes.unique().tolist()) == {0.0, 1.0}


# As a recipe builds them


def built(kind, *settings):
    recipe = parse_recipe('name = "tiny"', [f"kind={kind}", *settings])
    return build_encoder(recipe.encoder, 3, recipe.neuron.circuit(), recipe.dt, generator())


def test_a_latency_encoder_sends_a_large_feature_early_and_a_small_one_late_or_not():
    """t = 0.4 ln(x / (x - 0.25)) of a frame, x the logistic function: 2 after 0.13, -0.9 after 0.80, -1.5 never."""
    spikes = built("latency", "steps_per_frame=5")(torch.tensor([2.0, -0.9, -1.5]).expand(1, 2, 3))
    assert spikes[0].nonzero().tolist() == [[0, 0], [4, 1], [5, 0], [9, 1]]


def test_a_rate_encoder_fires_half_as_often_as_it_can_at_the_mean_of_the_features():
    """A feature of 0 is 1/2 by the logistic function: 100 Hz of 200, so one spike in every frame of 10 ms."""
    n = 4000
    spikes = built("rate", "steps_per_frame=4", "max_rate_hz=200", "hop_s=0.01")(torch.zeros(1, n, 3), generator(1))
    assert spikes.shape == (1, 4 * n, 3)
    per_frame = spikes.sum(1).flatten() / n
    assert (per_frame - 1).abs().max() < 4 * math.sqrt(4 * 0.25 * 0.75 / n)
