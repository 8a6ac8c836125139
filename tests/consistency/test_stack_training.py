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
from snn.kernels.checks import require_labels
from snn.networks.batch_norm import BatchNorm
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


@pytest.mark.parametrize("frozen", [False, True])
def test_without_dropout_that_loss_is_the_one_of_the_modules_as_they_train(frozen):
    """A bias before a normalisation has no gradient but noise."""
    own, plain, x, labels = learning(torch.float64), learning(torch.float64), features(5), torch.arange(4) % 3
    for one in (own, plain):
        for module in one.modules():
            if isinstance(module, nn.Dropout) or (frozen and isinstance(module, BatchNorm)):
                module.eval()
    own.loss(x, labels).backward()
    nn.functional.nll_loss(log_scores(plain.model(x)), labels).backward()
    for (name, mine), theirs in zip(own.named_parameters(), plain.parameters(), strict=True):
        assert (mine.grad - theirs.grad).abs().max() <= 1e-9 * max(theirs.grad.abs().max(), 1e-2), name
    for mine, theirs in zip(own.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)


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


def test_dropout_of_everything_is_refused():
    own = Stack(nn.Sequential(*LAYER, nn.Dropout(1.0), *readout()), "abc")
    with pytest.raises(ValueError, match="Dropout 2 drops every spike"):
        own.loss(torch.ones(2, 5, 3), torch.zeros(2).long())


def test_fit_leaves_frozen_what_was_frozen():
    recipe = load_recipe("fsdd", ["epochs=2", "batch_size=2"])
    own, labels = stack("lif").train(), torch.arange(4) % 3
    for module in (own.model[2], own.model[3], own.model[7]):  # the fused pass would refuse two of them in training
        module.eval()
    before = {name: value.clone() for name, value in own.named_buffers()}
    examples = Examples(features(5)[None], labels)
    fit(own, examples, examples, recipe)
    assert all(torch.equal(value, before[name]) for name, value in own.named_buffers())


def test_labels_that_the_model_does_not_have_are_told_before_anything_is_trained():
    own, good, said = (
        learning(torch.float64),
        Examples(features(5)[None], torch.arange(4) % 3),
        "labels run from 0 to 3",
    )
    with pytest.raises(ValueError, match=said):
        own.loss(features(5), torch.arange(4))
    with pytest.raises(ValueError, match=said):
        fit(own, good, Examples(features(5)[None], torch.arange(4)), load_recipe("fsdd"))


@pytest.mark.parametrize("labels", [torch.zeros(4), torch.zeros(4, 1).long(), torch.zeros(0).long()])
def test_what_are_no_labels_is_told(labels):
    with pytest.raises(ValueError, match=r"labels are whole numbers, a tensor \(clip,\) of one or more, got \("):
        require_labels(labels, 3)


def test_fit_trains_a_stack_as_it_trains_a_spotter():
    recipe = load_recipe("fsdd", ["epochs=6", "batch_size=8", "learning_rate=0.02", "copies=0"])
    x = torch.cat([features(seed, torch.float32, 8) for seed in range(3)])
    labels = torch.arange(24) % 3
    x += 2.0 * (labels[:, None, None] - 1) * (torch.arange(5) - 2)
    examples, own = Examples(x[None], labels), learning(torch.float32)
    progress = fit(own, examples, examples, recipe)
    assert progress.history[-1].loss < 0.7 * progress.history[0].loss
