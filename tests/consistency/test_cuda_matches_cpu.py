"""Training on a GPU ends as on the CPU; its checkpoints and models move between the two."""

import pytest
import torch

from snn.audio.examples import Examples
from snn.experiments.evaluate import evaluate
from snn.kernels.dropout import Dropout, drop
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from snn.training.gradient import Watch, fit

SETTINGS = ("n_mels=4", "hidden=[8]", "dropout=0.1", "band_mask=1", "frame_mask=2", "batch_size=8", "steps_per_frame=2")


@pytest.fixture(scope="module")
def cuda() -> torch.device:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return torch.device("cuda")


def examples(seed):
    """Energy that rises in the lower bands and falls in the upper ones (label 0), or the reverse (label 1)."""
    labels = torch.arange(32) % 2
    side = torch.tensor([1.0, 1.0, -1.0, -1.0]) * (1 - 2 * labels)[:, None, None]
    noise = torch.randn(2, 32, 12, 4, generator=torch.Generator().manual_seed(seed))
    return Examples(0.5 * noise + side * torch.linspace(-2, 2, 12)[:, None], labels)


def spotter(*settings):
    recipe = parse_recipe('name = "tiny"', (*SETTINGS, *settings))
    return Spotter(recipe, recipe.features.at(8000), "ab", seed=0)


@pytest.mark.parametrize("encoder", ["lif", "delta", "latency", "rate"])
def test_the_first_epoch_has_the_same_loss_and_activity(encoder, cuda):
    """Without dropout, whose draws are the device's own; a spike may flip at threshold."""
    losses, results = [], []
    for device in (torch.device("cpu"), cuda):
        model = spotter(f"kind={encoder}", "dropout=0", "epochs=1", "max_rate_hz=100").to(device)
        losses.append(fit(model, examples(1), examples(2), model.settings).history[0].loss)
        assert model.device.type == device.type
        results.append(evaluate(model, examples(3)))
        assert model.network().layers[-1].weights.shape == (8, 2)
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    ours, theirs = (result.activity.spikes_per_inference for result in results)
    assert ours == pytest.approx(theirs, rel=0.05)


def test_it_learns_on_a_gpu_with_dropout(cuda):
    model = spotter("epochs=15", "learning_rate=0.03").to(cuda)
    assert fit(model, examples(1), examples(2), model.settings).best_accuracy > 0.9


def test_a_run_interrupted_on_one_device_ends_on_the_other(cuda, tmp_path):
    path, stopped = tmp_path / "checkpoint.safetensors", KeyboardInterrupt

    def stop(record, improved):
        if record.epoch == 2:
            raise stopped

    for first, second in ((cuda, "cpu"), ("cpu", cuda)):
        cut = spotter("epochs=4").to(first)
        with pytest.raises(stopped):
            fit(cut, examples(1), examples(2), cut.settings, checkpoint=path, watch=Watch(on_epoch=stop))
        model = spotter("epochs=4").to(second)
        progress = fit(model, examples(1), examples(2), model.settings, checkpoint=path, resume=True)
        assert progress.epoch == 4
        assert all(t.device.type == torch.device(second).type for t in model.state_dict().values())


def test_dropout_on_a_gpu_is_that_of_the_cpu(cuda):
    x = torch.rand(50, 7, 10)
    there = drop(x.to(cuda), Dropout((0.3, 0.3), 5), 1)
    assert torch.equal(there.cpu(), drop(x, Dropout((0.3, 0.3), 5), 1))
