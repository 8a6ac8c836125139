"""Neurons as modules: each is its one step run by hand, its state comes in and goes out, and it trains in any stack."""

import math

import pytest
import torch
from torch import nn

from snn import LIF, AdaptiveLIF, BatchNorm, LeakyReadout, RateEncoder, Surrogate, log_scores
from snn.neurons.adaptive import AdaptiveParams, adaptive_state, adaptive_step
from snn.neurons.lif import LIFParams, decay, leaky_step, lif_state, lif_step

N, DT = 6, 0.004
TAU, TAU_ADAPT = torch.linspace(0.008, 0.03, N), torch.linspace(0.05, 0.1, N)
COMMON = {"tau_mem": TAU, "dt": DT, "v_threshold": 0.8, "v_floor": -0.3}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def neurons(kind, **settings):
    if kind == "lif":
        return LIF(N, generator=generator(), **COMMON | settings).double()
    settings = {"tau_adapt": TAU_ADAPT, "a": -0.4, "b": (0.2, 0.9)} | COMMON | settings
    return AdaptiveLIF(N, generator=generator(), **settings).double()


def drive(n_batch=3, n_time=50, seed=1):
    return 2 * torch.randn(n_batch, n_time, N, generator=generator(seed), dtype=torch.float64) + 0.5


def by_hand(module, x):
    """Spikes `(batch, time, neuron)` of the step functions, one after another."""
    alpha, threshold = decay(TAU.double(), DT), torch.full((N,), 0.8, dtype=torch.float64)
    if isinstance(module, LIF):
        step, state, params = lif_step, lif_state(len(x), alpha), LIFParams(alpha, threshold, v_floor=-0.3)
    else:
        rho, a = decay(TAU_ADAPT.double(), DT), torch.full_like(alpha, -0.4)
        params = AdaptiveParams(alpha, threshold, rho, a, module.adapt_b, v_floor=-0.3)
        step, state = adaptive_step, adaptive_state(len(x), alpha)
    spikes = []
    for t in range(x.shape[1]):
        back = 0 if module.recurrent is None else state.spikes @ module.recurrent
        z, state = step(x[:, t] + back, state, params)
        spikes.append(z)
    return torch.stack(spikes, 1)


KINDS = pytest.mark.parametrize("kind", ["lif", "adaptive"])


@KINDS
@pytest.mark.parametrize("recurrent", [False, True])
def test_a_module_is_its_step_run_by_hand(kind, recurrent):
    module = neurons(kind, recurrent=recurrent)
    spikes = module(drive())
    assert 0.05 < spikes.mean() < 0.9
    assert torch.equal(spikes, by_hand(module, drive()))


def test_a_readout_is_the_leaky_step_run_by_hand():
    module, x, state, potential = LeakyReadout(N, tau_mem=TAU, dt=DT).double(), drive(), lif_state(3, TAU.double()), []
    params = LIFParams(decay(TAU.double(), DT), torch.ones(N, dtype=torch.float64))
    for t in range(x.shape[1]):
        v, state = leaky_step(x[:, t], state, params)
        potential.append(v)
    torch.testing.assert_close(module(x), torch.stack(potential, 1), rtol=0, atol=1e-6)  # tau is of single precision


@pytest.mark.parametrize("kind", ["lif", "adaptive", "readout"])
def test_two_pieces_with_the_state_between_them_are_the_whole(kind):
    module = LeakyReadout(N, tau_mem=TAU, dt=DT).double() if kind == "readout" else neurons(kind, recurrent=True)
    x = drive()
    first, state = module.run(x[:, :17])
    second, _ = module.run(x[:, 17:], state)
    assert torch.equal(torch.cat((first, second), 1), module(x))
    assert not torch.equal(module(x[:, 17:]), second)


@KINDS
def test_time_constants_start_where_they_are_asked_to(kind):
    assert neurons(kind, tau_mem=0.02).tau_mem.tolist() == pytest.approx([0.02] * N)
    assert neurons(kind).tau_mem.tolist() == pytest.approx(TAU.tolist())
    spread = neurons(kind, tau_mem=(0.01, 0.04))
    assert ((spread.tau_mem > 0.01) & (spread.tau_mem < 0.04)).all()
    assert len(spread.tau_mem.unique()) == N
    with torch.no_grad():
        spread.mem.log_tau += 9
    assert spread.tau_mem.tolist() == pytest.approx([0.04] * N)


@KINDS
def test_time_constants_are_learned_unless_they_are_held(kind):
    for learn in (True, False):
        module = neurons(kind, learn_tau=learn)
        learned = {name for name, _ in module.named_parameters() if "tau" in name}
        assert learned == ({"mem.log_tau"} | ({"adapt.log_tau"} if kind == "adaptive" else set()) if learn else set())
        assert "mem.log_tau" in module.state_dict()


@KINDS
def test_a_surrogate_is_a_name_a_slope_or_a_function(kind):
    def gradient(spike_grad):
        x = drive().requires_grad_()
        (neurons(kind, spike_grad=spike_grad)(x) * drive(seed=2)).sum().backward()
        return x.grad

    named = gradient("atan")
    assert named.any()
    torch.testing.assert_close(gradient(lambda x: 1 / (1 + (math.pi * x) ** 2)), named)
    torch.testing.assert_close(gradient(Surrogate("atan", 1.0)), named)
    assert not torch.allclose(gradient(Surrogate("atan", 3.0)), named)
    with pytest.raises(ValueError, match="unknown surrogate 'square'"):
        neurons(kind, spike_grad="square")


def test_normalisation_is_over_clips_and_time():
    """Clips of their own level keep it, which a normalisation of each clip would take from them."""
    norm, x = BatchNorm(N).double(), drive(4, 30) * torch.arange(1, N + 1) + 3 * torch.arange(4).view(4, 1, 1)
    y = norm(x)
    variance = x.var((0, 1), correction=0)
    torch.testing.assert_close(y, (x - x.mean((0, 1))) / torch.sqrt(variance + norm.eps), rtol=0, atol=1e-9)
    scale, offset = norm.scale_and_offset()
    torch.testing.assert_close(norm.eval()(x), x * scale + offset)


def test_a_stack_of_modules_trains_in_a_loop_of_one_s_own():
    """Two classes told apart by which of two bands is high; the loss falls to a fifth."""
    torch.manual_seed(0)
    labels = torch.arange(40) % 2
    x = 0.5 * torch.randn(40, 25, 2) + 2 * torch.stack((2 * labels - 1, 1 - 2 * labels), -1)[:, None]
    model = nn.Sequential(
        RateEncoder(2, max_rate=250.0, dt=DT, n_steps=2, generator=generator()),
        *(nn.Linear(2, 16), BatchNorm(16), LIF(16, tau_mem=0.02, dt=DT, recurrent=True), nn.Dropout(0.1)),
        *(nn.Linear(16, 16), BatchNorm(16), AdaptiveLIF(16, tau_mem=(0.01, 0.03), tau_adapt=0.1, dt=DT)),
        *(nn.Linear(16, 2), LeakyReadout(2, tau_mem=0.05, dt=DT)),
    )
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for _ in range(30):
        losses.append(nn.functional.nll_loss(log_scores(model(x)), labels))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert losses[-1] < losses[0] / 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tau_mem": 0.0}, "positive and finite"),
        ({"tau_mem": (0.02, 0.01)}, "shortest, longest"),
        ({"tau_mem": torch.ones(N - 1)}, r"6 neurons are \(6,\), got \(5,\)"),
        ({"tau_mem": math.nan}, "positive and finite"),
        ({"dt": -0.01}, "dt = -0.01 s"),
        ({"v_threshold": 0.0}, "v_threshold = 0"),
        ({"v_floor": 0.1}, "v_floor = 0.1"),
    ],
)
@KINDS
def test_what_is_no_neuron_is_refused(kind, settings, said):
    with pytest.raises(ValueError, match=said):
        neurons(kind, **settings)


def test_adaptation_beyond_its_stable_range_is_refused():
    with pytest.raises(ValueError, match=r"a must lie within -1 and 1, got 1.5"):
        neurons("adaptive", a=1.5)
    with pytest.raises(ValueError, match="b must lie within 0 and 2"):
        neurons("adaptive", b=(-0.1, 0.5))


def test_a_swapped_axis_is_told_as_such():
    module = neurons("lif")
    with pytest.raises(ValueError, match=r"LIF\(6\) takes \(batch, time, channel\).*\(6, 50, 3\); axis 0 looks"):
        module(drive().transpose(0, 2))
    with pytest.raises(ValueError, match=r"axis 1 looks like the channels: x.transpose\(1, 2\)"):
        module(drive().transpose(1, 2))
    _, state = module.run(drive())
    with pytest.raises(ValueError, match=r"there are 3 clips in the state.*batch and time are swapped"):
        module.run(drive(5, 3), state)
    with pytest.raises(ValueError, match=r"take both of the same batch$"):
        module.run(drive(5, 4), state)
    with pytest.raises(ValueError, match=r"the state is \(batch, neuron\) = \(3, 5\), but there are 6 neurons"):
        module.run(drive(), LIF(5, tau_mem=0.02, dt=DT).start(3))
    with pytest.raises(ValueError, match=r"BatchNorm takes .* axis 1 looks like"):
        BatchNorm(N)(drive().transpose(1, 2))
