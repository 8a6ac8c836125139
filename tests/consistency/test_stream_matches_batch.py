"""A network fed step by step, frame by frame or in chunks of audio: the bits of the whole run at once."""

import numpy as np
import pytest
import torch

from snn.audio.features import LogMel, log_mel
from snn.kernels import packed, reference, run_network, watch_network
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.live.stream import AudioStream, NetworkStream, SpotterStream
from snn.networks.spotter import Spotter
from snn.neurons.adaptive import AdaptiveParams
from snn.neurons.lif import LIFParams
from snn.recipes.recipe import load_recipe

N_TIME, N_BATCH, N_IN = 60, 19, 9  # more clips than a thread takes at once


def network(adaptive=False, recurrent=False, encoder=False, dtype=torch.float32, depth=2):
    g = torch.Generator().manual_seed(0)

    def within(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)).to(dtype)

    def normal(scale, *shape):
        return (scale * torch.randn(*shape, generator=g, dtype=torch.float64)).to(dtype)

    def params(n):
        shared = within(0.5, 0.9, n), within(0.8, 1.2, n)
        if not adaptive:
            return LIFParams(*shared, v_floor=-0.8)
        return AdaptiveParams(*shared, within(0.8, 0.95, n), within(-0.2, 0.3, n), within(0, 0.5, n), v_floor=-0.8)

    fan_in, layers, gains = N_IN, [], None
    if encoder:
        fan_in = 3 * N_IN
        lif = LIFParams(within(0.5, 0.9, fan_in), torch.ones(fan_in, dtype=dtype), v_floor=-0.5)
        gains = GainLayer(normal(2.0, fan_in), within(-0.2, 0.5, fan_in), lif, 3)
    for n in (31, 22, 18)[:depth]:
        loop = normal(0.2, n, n) if recurrent else None
        layers.append(DenseLayer(normal(6 / fan_in**0.5, fan_in, n), within(-0.1, 0.3, n), params(n), loop))
        fan_in = n
    readout = Readout(normal(0.4, fan_in, 5), within(-0.1, 0.1, 5), within(0.7, 0.95, 5))
    return Network(tuple(layers), readout, gains)


def signal(dtype=torch.float32, n_batch=N_BATCH):
    g = torch.Generator().manual_seed(1)
    return torch.randn(N_TIME, n_batch, N_IN, generator=g, dtype=torch.float64).to(dtype)


kinds = pytest.mark.parametrize(
    "kind",
    [
        {},
        {"recurrent": True},
        {"adaptive": True},
        {"adaptive": True, "recurrent": True, "encoder": True},
        {"encoder": True, "depth": 1},
        {"recurrent": True, "depth": 3, "dtype": torch.float64},
    ],
    ids=lambda kind: "-".join(kind) or "plain",
)


@kinds
def test_the_compiled_network_is_that_of_the_reference(kind):
    kind = {**kind, "dtype": torch.float64}
    x = signal(torch.float64)
    expected, spikes = reference.run_network(x, network(**kind))
    got, mine = run_network(x, network(**kind), "cpu")
    assert [s.shape for s in mine] == [s.shape for s in spikes]
    assert all(torch.equal(a, b) for a, b in zip(mine, spikes, strict=True))
    assert all(0.01 < s.mean() < 0.9 for s in spikes)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


@kinds
def test_what_the_neurons_did_is_counted_as_the_reference_counts_it(kind):
    kind = {**kind, "dtype": torch.float64}
    x, net, window = signal(torch.float64), network(**kind), 0.2
    expected, got = reference.watch_network(x, net, window), watch_network(x, net, window, "cpu")
    potential, spikes = run_network(x, net, "cpu")
    assert torch.equal(got.potential, potential)
    for mine, theirs, events in zip(got.spikes, expected.spikes, spikes, strict=True):
        assert torch.equal(mine, theirs)
        assert torch.equal(mine, events.sum((0, 1)))
    for mine, theirs, events in zip(got.near, expected.near, spikes, strict=True):
        assert torch.equal(mine, theirs)
        assert (mine > events.sum((0, 1))).any()
    assert (got.charge is None) == (net.encoder is None)
    if net.encoder is not None:
        torch.testing.assert_close(got.charge, expected.charge, rtol=1e-12, atol=1e-12)


@kinds
@pytest.mark.parametrize("cuts", [range(1, N_TIME), [0, 0, 7, 8, 50, N_TIME]], ids=["steps", "pieces"])
def test_pieces_of_any_length_give_the_bits_of_the_whole(kind, cuts):
    net, x = network(**kind), signal(kind.get("dtype", torch.float32))
    whole = run_network(x, net, "cpu")[0].transpose(0, 1).numpy()
    stream = NetworkStream(net)
    state, parts = stream.start(N_BATCH), []
    for part in np.split(x.transpose(0, 1).numpy(), list(cuts), 1):
        potential, state = stream.push(part, state)
        parts.append(potential)
    assert np.array_equal(np.concatenate(parts, 1), whole)


@kinds
def test_a_clip_alone_gives_the_bits_that_it_gives_among_others(kind):
    net, x = network(**kind), signal(kind.get("dtype", torch.float32))
    whole = run_network(x, net, "cpu")[0]
    for clip in (0, 7, 8, N_BATCH - 1):
        assert torch.equal(run_network(x[:, clip : clip + 1], net, "cpu")[0][:, 0], whole[:, clip])


def test_a_state_can_be_kept_and_gone_back_to():
    stream, x = NetworkStream(network(recurrent=True)), signal(n_batch=1).transpose(0, 1).numpy()
    _, state = stream.push(x[:, :20], stream.start())
    kept = state.copy()
    first, _ = stream.push(x[:, 20:], state)
    assert np.array_equal(state, kept)
    assert np.array_equal(stream.push(x[:, 20:], state)[0], first)


@pytest.mark.usefixtures("denormals")
def test_a_silent_membrane_decays_to_nothing_alike():
    """Long after the last spike potentials are denormal numbers: flushed in the stream as in the batch."""
    net = network()._replace(encoder=None)
    layers = tuple(layer._replace(bias=torch.zeros_like(layer.bias)) for layer in net.layers)
    net = net._replace(layers=layers, readout=net.readout._replace(bias=torch.zeros(5)))
    x = torch.zeros(900, 1, N_IN)
    x[0] = 0.3
    stream = NetworkStream(net)
    state = stream.start()
    for row in x.numpy():
        _, state = stream.push(row[:, None], state)
    assert not state.any()
    assert not run_network(x, net, "cpu")[0][-1].any()
    assert np.float32(1e-38) * np.float32(0.1) != 0  # this thread's own arithmetic is left as it was


def spotter(*settings):
    recipe = load_recipe("fsdd", ["n_mels=8", "hidden=[24, 16]", "features.normalise=running", *settings])
    model = Spotter(recipe, recipe.features.at(8000), "abcd", seed=0)
    with torch.no_grad():  # normalisation as after some training
        for layer in model.layers:
            if layer.norm is not None:
                layer.norm.running_mean.normal_(generator=torch.Generator().manual_seed(1))
                layer.norm.running_var.uniform_(0.5, 2, generator=torch.Generator().manual_seed(2))
    return model.eval()


@pytest.mark.parametrize("encoder", ["lif", "delta", "latency", "rate"])
def test_frames_one_by_one_give_the_bits_of_the_clip_for_every_encoder(encoder):
    model = spotter(f"encoder.kind={encoder}")
    g = torch.Generator().manual_seed(3)
    features = torch.randn(1, 30, 8, generator=g)
    with torch.inference_mode():
        whole = model(features, torch.Generator().manual_seed(4)).readout
    stream = SpotterStream(model)
    state, parts = stream.start(1, torch.Generator().manual_seed(4)), []
    for frame in features.split([1, 1, 5, 0, 23], 1):
        potential, state = stream.push(frame, state)
        parts.append(potential)
    assert torch.equal(torch.cat(parts, 1), whole)


@pytest.mark.parametrize("chunk", [1, 160, 997, 10**6])
def test_audio_in_chunks_gives_the_bits_of_the_recording(chunk):
    mel = LogMel(sample_rate=8000, n_mels=8, duration_s=0.3, normalise="running")
    g = torch.Generator().manual_seed(5)
    audio = 0.1 * torch.randn(mel.n_samples, generator=g)
    model = spotter()
    with torch.inference_mode():
        whole = model(log_mel(audio[None], mel)).readout
    ears = AudioStream(model, mel)
    state, parts = ears.start(), []
    for piece in audio.split(chunk):
        potential, state = ears.push(piece, state)
        parts.append(potential)
    parts.append(ears.finish(state))
    assert torch.equal(torch.cat(parts, 1), whole)


def test_a_stream_keeps_the_weights_it_began_with_and_leaves_the_model_alone():
    model, features = spotter().train(), torch.randn(1, 20, 8, generator=torch.Generator().manual_seed(7))
    stream = SpotterStream(model)
    assert model.training
    before, _ = stream.push(features, stream.start())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    assert torch.equal(stream.push(features, stream.start())[0], before)
    assert not torch.equal(SpotterStream(model).push(features, stream.start())[0], before)


def test_evaluation_agrees_with_the_layers_of_training():
    """The normalisation is folded into the weights: the same potentials, to rounding, unless a spike flips."""
    model = spotter().double()
    features = torch.randn(6, 40, 8, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    layered = model(features)  # gradients are on: layer by layer
    with torch.inference_mode():
        folded = model(features)
    assert all(torch.equal(a, b) for a, b in zip(layered.spikes, folded.spikes, strict=True))
    torch.testing.assert_close(folded.readout, layered.readout.detach(), rtol=1e-9, atol=1e-9)


def test_what_does_not_fit_is_refused_and_the_state_stays():
    stream, x = NetworkStream(network()), signal(n_batch=1).transpose(0, 1).numpy()
    state = stream.start()
    for bad, told in (
        (x[:, :1, :4], "9 channels"),
        (np.repeat(x[:, :1], 2, 0), "same batch"),
        (x[0], r"batch, time, channel.*one clip is x\[None\]"),
        (signal(n_batch=1).numpy(), "batch and time are swapped"),
        (x.astype(np.float64), "float64"),
        (x.astype(np.float16), "float16"),
    ):
        with pytest.raises(ValueError, match=told):
            stream.push(bad, state)
    for value in (np.nan, np.inf, -np.inf):
        bad = x[:, :3].copy()
        bad[0, 2, 5] = value
        with pytest.raises(ValueError, match="NaN or infinity"):
            stream.push(bad, state)
    assert not state.any()
    with pytest.raises(ValueError, match="n_batch = 0"):
        stream.start(0)
    with pytest.raises(ValueError, match="pass a generator"):
        SpotterStream(spotter("encoder.kind=rate")).start()
    with pytest.raises(ValueError, match="normalise=running"):
        AudioStream(spotter("features.normalise=clip"))
    assert np.array_equal(stream.push(np.asfortranarray(x), state)[0], stream.push(x, state)[0])
    assert packed.rest(packed.pack(network()), 2).shape == (2, 3, 31 + 22 + 5)


def test_a_state_that_is_none_of_this_stream_is_refused_before_it_is_read():
    stream, x = NetworkStream(network()), signal(n_batch=1)[:1].transpose(0, 1).numpy()
    state, other = stream.start(), NetworkStream(network(depth=1)).start()
    for bad in (other, state[:, :2], state[..., :-1], state[0], state.astype(np.float64)):
        with pytest.raises(ValueError, match=r"58\) float32|begin with|same batch"):
            stream.push(x, bad)
    for value in (np.nan, np.inf, -np.inf):
        for row in range(3):
            bad = state.copy()
            bad[0, row, 40] = value
            with pytest.raises(ValueError, match="state holds NaN"):
                stream.push(x, bad)
            with pytest.raises(ValueError, match="state holds NaN"):
                stream.push(x[:, :0], bad)


def test_a_spotter_s_state_is_checked_with_its_encoder_s():
    stream = SpotterStream(spotter("encoder.kind=delta"))
    frames = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(3))
    _, state = stream.push(frames, stream.start())
    for level in (state.encoder[:, :1], state.encoder.double(), state.encoder * torch.nan):
        with pytest.raises(ValueError, match="level last sent"):
            stream.push(frames, state._replace(encoder=level))
    with pytest.raises(ValueError, match="the state is"):
        stream.push(frames, state._replace(neurons=state.neurons[..., 1:]))


def test_a_potential_that_overflows_on_the_way_is_no_score():
    net = network(dtype=torch.float32)
    loud = net._replace(readout=net.readout._replace(bias=torch.full((5,), 3e38), weight=torch.full((22, 5), 3e38)))
    with pytest.raises(FloatingPointError, match="on the way"):
        run_network(signal(), loud, "cpu")
    stream = NetworkStream(loud)
    with pytest.raises(FloatingPointError, match="on the way"):
        stream.push(signal().transpose(0, 1).numpy(), stream.start(N_BATCH))


def test_a_network_with_no_number_or_shapes_that_do_not_fit_does_not_stream():
    net = network(encoder=True)
    bad = net._replace(readout=net.readout._replace(weight=net.readout.weight * torch.nan))
    with pytest.raises(FloatingPointError, match="readout: weight holds NaN"):
        NetworkStream(bad)
    model = spotter()
    with torch.no_grad():
        model.layers[0].weight[0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match="layer 1: weight holds NaN"):
        AudioStream(model)
    with pytest.raises(ValueError, match=r"layer 1: weight is \(27, 31\).*needs \(27, 22\)"):
        NetworkStream(net._replace(layers=(net.layers[0]._replace(bias=torch.zeros(22)), *net.layers[1:])))


@pytest.mark.parametrize("turned", ["transposed", "reversed"])
def test_steps_of_a_clip_that_lies_otherwise_in_memory_give_the_same_bits(turned):
    n, g = 130, torch.Generator().manual_seed(2)
    params, end = LIFParams(torch.full((20,), 0.8), torch.ones(20)), (torch.zeros(3), torch.full((3,), 0.9))
    layer = DenseLayer(torch.randn(n, 20, generator=g), torch.zeros(20), params)
    stream = NetworkStream(Network((layer,), Readout(torch.randn(20, 3, generator=g), *end)))
    plain = (torch.rand(1, 30, n, generator=g) < 0.1).float().numpy()
    there = np.ascontiguousarray(plain[0].T).T[None] if turned == "transposed" else plain[..., ::-1].copy()[..., ::-1]
    (expected, _), state = stream.push(plain, stream.start()), stream.start()
    for t in range(30):  # of many lines, of which 64 are looked at together
        potential, state = stream.push(there[:, t : t + 1], state)
        np.testing.assert_array_equal(potential[:, 0], expected[:, t])
