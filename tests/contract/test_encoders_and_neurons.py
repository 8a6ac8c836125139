"""One battery for every encoder and every neuron, feed-forward and recurrent, through the whole spotter."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe

N_LABELS, N_BANDS, N_FRAMES, N_BATCH = 3, 4, 20, 5
KINDS, MODELS = ("lif", "delta", "latency", "rate"), ("lif", "adaptive_lif")
STEPS = {"lif": 1, "delta": 1, "latency": 3, "rate": 3}
CHANNELS = {"lif": 2 * N_BANDS, "delta": 2 * N_BANDS, "latency": N_BANDS, "rate": N_BANDS}

CASES = [
    pytest.param((kind, model, recurrent), id=f"{kind}-{model}-{'recurrent' if recurrent else 'feedforward'}")
    for kind in KINDS
    for model in MODELS
    for recurrent in (False, True)
]
pytestmark = pytest.mark.parametrize("case", CASES)


def spotter(case, seed=0):
    kind, model, recurrent = case
    settings = (
        f"features.n_mels={N_BANDS}",
        f"encoder.kind={kind}",
        "encoder.steps_per_frame=3",
        "encoder.threshold=0.4",
        f"neuron.model={model}",
        f"network.recurrent={str(recurrent).lower()}",
        "network.hidden=[7, 6]",
        "network.dropout=0.2",
    )
    recipe = parse_recipe('name = "battery"', settings)
    model = Spotter(recipe, recipe.features.at(8000), tuple(map(str, range(N_LABELS))), seed=seed).double()
    for layer in model.layers:
        torch.nn.init.constant_(layer.norm.bias, 0.8)  # drives most neurons over the threshold now and then
    with torch.no_grad():
        model(features(), draws())  # evaluation then sees statistics of real spikes
    return model


def features():
    return torch.randn(N_BATCH, N_FRAMES, N_BANDS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def draws():
    return torch.Generator().manual_seed(2)


def outputs(model, x):
    readout, spikes = model(x, draws())
    return readout, *spikes


def test_shapes_are_batch_time_neuron_and_scores_sum_to_1(case):
    out = spotter(case)(features(), draws())
    steps = N_FRAMES * STEPS[case[0]]
    assert out.readout.shape == (N_BATCH, steps, N_LABELS)
    assert [s.shape for s in out.spikes] == [(N_BATCH, steps, n) for n in (CHANNELS[case[0]], 7, 6)]
    assert torch.allclose(out.scores.sum(1), torch.ones(N_BATCH, dtype=torch.float64))


def test_every_population_sends_0_or_1_and_some_of_each(case):
    for spikes in spotter(case)(features(), draws()).spikes:
        assert set(spikes.detach().unique().tolist()) == {0.0, 1.0}


def test_every_parameter_gets_a_finite_gradient_and_every_tensor_some(case):
    model = spotter(case)
    model(features(), draws()).scores[:, 0].log().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("training", [True, False])
def test_the_same_seeds_give_the_same_output(case, training):
    first, second, other = (outputs(spotter(case, seed).train(training), features()) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], other[0])


def test_inputs_are_left_alone(case):
    x = features()
    spotter(case)(x, draws())
    assert torch.equal(x, features())


def test_evaluation_changes_nothing_in_the_model(case):
    model = spotter(case).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(features(), draws())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_permuting_the_batch_permutes_the_output(case):
    if case[0] == "rate":
        pytest.skip("each clip's spikes are drawn by its place in the batch")
    model, order = spotter(case).eval(), torch.tensor([3, 0, 4, 2, 1])
    straight, permuted = outputs(model, features()), outputs(model, features()[order])
    for a, b in zip(straight, permuted, strict=True):
        assert torch.allclose(a[order], b, rtol=0, atol=1e-12)


def test_a_clip_alone_is_that_clip_in_a_batch(case):
    if case[0] == "rate":
        pytest.skip("each clip's spikes are drawn by its place in the batch")
    model = spotter(case).eval()
    for a, b in zip(outputs(model, features()), outputs(model, features()[2:3]), strict=True):
        assert torch.allclose(a[2:3], b, rtol=0, atol=1e-12)


def test_weights_survive_a_file(case, tmp_path):
    model, restored = spotter(case), spotter(case, seed=7)
    model(features(), draws())  # moves the running statistics
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    restored.load_state_dict(load_file(tmp_path / "model.safetensors"))
    for a, b in zip(outputs(model.eval(), features()), outputs(restored.eval(), features()), strict=True):
        assert torch.equal(a, b)
