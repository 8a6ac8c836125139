"""A stack trains in the fused pass as its modules do in the plain loop."""

import pytest
import torch
from torch import nn

from snn import (
    Stack,
    fit,
    load_recipe,
    log_scores,
)
from snn.audio.examples import Examples
from tests.consistency.stacks import CIRCUIT, LAYER, features, generator, modules, readout, stack


def learning(dtype, **settings):
    """A stack as the fused pass knows it: dropout behind neurons alone, a readout without normalisation."""
    model = modules("lif", dtype)
    recurrent, deep, linear, end = model[4], model[5], model[6], model[8]
    model = nn.Sequential(*model[:3], recurrent, nn.Dropout(0.2), deep, nn.Dropout(0.5), linear, end)
    return Stack(model.train(), "abc", circuit=CIRCUIT, **settings)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=["double", "single"])
def test_the_loss_of_a_stack_in_one_piece_has_the_gradients_of_the_plain_loop(dtype, limit):
    """The statistics that its normalisation learns, too: with the bias of the linear layer before it."""
    fused, plain, x, labels = (
        learning(dtype),
        learning(dtype, backend="reference"),
        features(5, dtype),
        torch.arange(4) % 3,
    )
    for own in (fused, plain):
        own.loss(x, labels, generator(3)).backward()
    for (name, mine), theirs in zip(fused.named_parameters(), plain.parameters(), strict=True):
        assert (mine.grad - theirs.grad).abs().max() <= limit * (theirs.grad.abs().max() + 1e-6), name
    fresh = learning(dtype)
    with torch.no_grad():
        fresh.model(x)
    for name, seen in fresh.named_buffers():
        torch.testing.assert_close(dict(fused.named_buffers())[name], seen, msg=name)


def test_the_loss_of_a_stack_outside_training_is_that_of_its_modules():
    own, x, labels = learning(torch.float64).eval(), features(5), torch.arange(4) % 3
    before = {name: value.clone() for name, value in own.named_buffers()}
    expected = nn.functional.nll_loss(log_scores(own(x)), labels)
    assert own.loss(x, labels).item() == pytest.approx(expected.item(), rel=1e-9)
    assert all(torch.equal(value, before[name]) for name, value in own.named_buffers())


def test_dropout_of_a_stack_is_that_of_each_layer_while_it_trains():
    own = learning(torch.float64)
    assert own.trained().dropout == pytest.approx((0.2, 0.5))
    own.model[6].eval()
    assert own.trained().dropout == pytest.approx((0.2, 0.0))


def test_what_the_fused_pass_does_not_know_is_refused_with_a_remedy():
    with pytest.raises(
        ValueError, match=r"does not normalise what arrives at a readout; .* train by the loss of model\(x\)"
    ):
        stack("lif").train().loss(features(5), torch.zeros(4).long())
    early = Stack(nn.Sequential(nn.Dropout(0.1), *LAYER, *readout()), "abc")
    with pytest.raises(ValueError, match="drops spikes of layers only: move Dropout 0"):
        early.loss(torch.ones(2, 5, 3), torch.zeros(2).long())


def test_fit_trains_a_stack_as_it_trains_a_spotter():
    recipe = load_recipe("fsdd", ["epochs=6", "batch_size=8", "learning_rate=0.02", "copies=0"])
    x = torch.cat([features(seed, torch.float32, 8) for seed in range(3)])
    labels = torch.arange(24) % 3
    x += 2.0 * (labels[:, None, None] - 1) * (torch.arange(5) - 2)
    examples, own = Examples(x[None], labels), learning(torch.float32)
    progress = fit(own, examples, examples, recipe)
    assert progress.history[-1].loss < 0.7 * progress.history[0].loss
