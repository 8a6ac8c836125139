"""A stack of one's own modules: the plain network that is made of it does what its modules do, wherever it goes."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from circuits import load_chip, write_network_json
from snn import (
    LIF,
    AudioStream,
    LogMel,
    SiliconLayer,
    Spotter,
    SpotterStream,
    Stack,
    evaluate,
    load_recipe,
    log_mel,
    log_scores,
    run_brian2,
    stack_network,
)
from snn.audio.examples import Examples
from snn.kernels import run_network
from tests.consistency.stacks import (
    CIRCUIT,
    DT,
    KINDS,
    LAYER,
    N_BANDS,
    N_LABELS,
    by_modules,
    features,
    generator,
    modules,
    readout,
    stack,
)


@KINDS
def test_a_stack_runs_as_its_modules_do_in_the_kernels_and_in_brian2(kind):
    own, x = stack(kind), features(99)
    drawn = generator().get_state()
    if kind == "rate":
        own.model[0].generator.set_state(drawn)
    (encoded, *spikes), potential = by_modules(own.model, x)
    inputs = x if kind == "lif" else encoded
    got, hidden = run_network(inputs.transpose(0, 1), stack_network(own.model))
    twin = run_brian2(own.chip(), inputs.numpy())
    mine = [encoded, *spikes] if kind == "lif" else spikes
    for kernel, module, (name, brian2) in zip(hidden, mine, twin.spikes.items(), strict=True):
        assert 0.02 < module.mean() < 0.9, name
        assert torch.equal(kernel.transpose(0, 1), module)
        np.testing.assert_array_equal(brian2, module.numpy(), err_msg=name)
    torch.testing.assert_close(got.transpose(0, 1), potential, rtol=0, atol=1e-9)
    np.testing.assert_allclose(twin.potential["readout"], potential.numpy(), rtol=0, atol=1e-9)


@KINDS
def test_an_evaluation_counts_what_the_modules_did_and_leaves_them_training(kind):
    own, x = stack(kind, seed=3).train(), features(99)
    if kind == "rate":
        own.model[0].generator.manual_seed(3)
    before = {name: value.clone() for name, value in own.state_dict().items()}
    labels = torch.arange(len(x)) % N_LABELS
    result = evaluate(own, Examples(x[None], labels))
    assert all(module.training for module in own.modules())
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())
    spikes, potential = by_modules(own.model, x)
    assert result.accuracy == (log_scores(potential).argmax(-1) == labels).double().mean()
    activity = result.activity
    counted = [*activity.spikes.values()] if kind == "lif" else [activity.input_spikes, *activity.spikes.values()]
    for told, module in zip(counted, spikes, strict=True):
        np.testing.assert_allclose(told, module.sum(1).mean(0).numpy(), rtol=1e-12)
    assert activity.duration == pytest.approx(potential.shape[1] * DT)


def test_an_evaluation_by_brian2_is_that_of_the_kernels():
    own, examples = stack("own"), Examples(features(99)[None], torch.arange(4) % N_LABELS)
    ours, twin = evaluate(own, examples), evaluate(own, examples, engine="brian2")
    np.testing.assert_array_equal(twin.confusion, ours.confusion)
    for name, near in ours.activity.near_threshold.items():
        np.testing.assert_allclose(twin.activity.near_threshold[name], near, rtol=1e-12)


@KINDS
def test_a_stack_is_priced_and_exported(kind, tmp_path):
    own = stack(kind)
    trained, activity = own.chip(), evaluate(own, Examples(features(1)[None], torch.zeros(4).long())).activity
    chip = load_chip("btbt-45rfsoi", trained)
    report = chip.price(trained.network, activity, chip.place(trained.network, activity))
    assert report.counts["spikes"] == pytest.approx(activity.spikes_per_inference)
    assert report.counts["synaptic_operations"] == pytest.approx(activity.synaptic_operations(trained.network))
    assert report.ledger.total > 0
    assert not any("inhibition was trained to stop" in note for note in report.notes)
    (file,) = write_network_json(tmp_path, trained)
    written = json.loads(file.read_text())
    kinds = ["lif", "adaptive_lif", "readout"]
    assert [layer["kind"] for layer in written["layers"]] == (["encoder", *kinds] if kind == "lif" else kinds)
    assert written["labels"] == ["a", "b", "c"]
    assert own.network().input_name == f"features; {type(own.model[0]).__name__}"


@KINDS
def test_a_stack_streams_frame_by_frame_with_the_bits_of_the_whole(kind):
    own, x = Stack(modules(kind, torch.float32).eval(), "abc"), features(7, torch.float32)
    whole = run_network(own.inputs(x, generator(5)), own.kernels())[0].transpose(0, 1)
    stream = SpotterStream(own)
    state, parts = stream.start(len(x), generator(5)), []
    for piece in x.split([1, 1, 8, 0, 30], 1):
        potential, state = stream.push(piece, state)
        parts.append(potential)
    assert torch.equal(torch.cat(parts, 1), whole)


def test_a_stack_with_a_front_end_hears_sound():
    mel = LogMel(sample_rate=8000, n_mels=N_BANDS, duration_s=0.3, normalise="running")
    own, audio = Stack(modules("lif", torch.float32), "abc", front_end=mel), torch.randn(1, 2400, generator=generator())
    ears = AudioStream(own)
    first, state = ears.push(audio[0], ears.start())
    heard = torch.cat((first, ears.finish(state)), 1)
    assert torch.equal(heard, run_network(own.inputs(log_mel(audio, mel), None), own.kernels())[0].transpose(0, 1))
    with pytest.raises(ValueError, match="the model has no front end"):
        AudioStream(stack("lif"))


@KINDS
def test_a_stack_survives_a_file(kind, tmp_path):
    own, other = stack(kind), stack(kind)
    own.save(tmp_path / "stack.safetensors")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load(tmp_path / "stack.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(own.state_dict().values(), other.state_dict().values(), strict=True))
    small = Stack(nn.Sequential(nn.Linear(2, 3), LIF(3, tau_mem=0.02, dt=DT), *readout(3)), "abc")
    with pytest.raises(ValueError, match="does not fit this stack"):
        small.load(tmp_path / "stack.safetensors")


def test_the_parts_of_a_spotter_in_a_stack_are_that_spotter():
    """Its layers are modules too: the same bits, whichever of the two gathers them."""
    recipe = load_recipe("fsdd", ["n_mels=5", "hidden=[9, 8]", "recurrent=true"])
    spotter, linear = Spotter(recipe, recipe.features.at(8000), "abc", seed=2), nn.Linear(8, 3)
    linear.weight, linear.bias = nn.Parameter(spotter.readout_weight.detach().T.contiguous()), spotter.readout_bias
    model = nn.Sequential(spotter.encoder, *spotter.layers, linear, spotter.readout)
    own = Stack(model, "abc", front_end=spotter.front_end, circuit=spotter.circuit)
    examples = Examples(features(5, torch.float32)[None], torch.zeros(4).long(), spotter.front_end)
    assert torch.equal(own.score(examples), spotter.score(examples))
    for mine, theirs in zip(own.network().layers, spotter.network().layers, strict=True):
        np.testing.assert_array_equal(mine.weights, theirs.weights)
        np.testing.assert_array_equal(mine.tau_mem, theirs.tau_mem)


def test_a_layer_with_a_bias_of_silicon_brings_its_devices():
    silicon = SiliconLayer(3, 4, CIRCUIT, DT, acceleration=1000.0, generator=generator())
    own = Stack(nn.Sequential(silicon, *readout()), "abc", circuit=CIRCUIT)
    devices = own.chip().bias_devices["hidden1"]
    np.testing.assert_array_equal(devices.v_gs, silicon.bias.v_gs.detach().double().numpy())


def test_values_that_are_no_spikes_are_scored_but_not_charged_for():
    """Onto a linear layer from outside: a chip takes spikes there."""
    own = Stack(nn.Sequential(*LAYER, *readout()), "abc")
    values, labels = torch.rand(1, 2, 5, 3, generator=generator()), torch.zeros(2).long()
    assert torch.isfinite(own.score(Examples(values, labels))).all()
    with pytest.raises(ValueError, match=r"takes spikes, 0 or 1, but the features gave 0\.\d+ to 0\.\d+"):
        evaluate(own, Examples(values, labels))
    assert evaluate(own, Examples(values.round(), labels)).activity.input_spikes.sum() == values.round().sum() / 2


def test_an_encoder_that_does_not_stream_is_told_so():
    class Still(nn.Module):
        def forward(self, signal):
            return (signal > 0).to(signal.dtype)

    own = Stack(nn.Sequential(Still(), *LAYER, *readout()), "abc")
    with pytest.raises(ValueError, match="Still does not stream: give it stream"):
        SpotterStream(own)


@pytest.mark.parametrize("kind", ["lif", "delta", "own"])
def test_swapped_axes_of_features_are_told(kind):
    own, x = stack(kind), features(1)
    with pytest.raises(ValueError, match="axis 1 looks like"):
        own.inputs(x.transpose(1, 2), None)
    recipe = load_recipe("fsdd", ["n_mels=5", "hidden=[9]"])
    spotter = Spotter(recipe, recipe.features.at(8000), "abc")
    with pytest.raises(ValueError, match=r"\(40, 4, 5\), but there are 4 labels; .* batch and time are swapped"):
        spotter.loss(x.float().transpose(0, 1), torch.zeros(4).long(), generator())


@pytest.mark.parametrize("wrong", [-1, 3])
def test_labels_that_the_model_does_not_have_are_told(wrong):
    examples = Examples(features(1)[None], torch.tensor([0, 1, 2, wrong]))
    with pytest.raises(ValueError, match=r"but the model has 3: 0 to 2; number them in their order"):
        evaluate(stack("lif"), examples)
