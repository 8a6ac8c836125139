"""A network trained for a chip: what leaves holds what was trained, and a run that stops goes on as it would."""

import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from circuits.chips import load_chip
from circuits.nonideal.analog_network import exact_arrays, run_arrays
from snn.audio.examples import Examples
from snn.kernels import run_network
from snn.networks.chip_settings import CHIPS
from snn.networks.conventional_network import Conventional
from snn.networks.spike_energy import prices_of_spikes
from snn.networks.spotter import Spotter
from snn.recipes.recipe import load_recipe
from snn.studies.evaluate_on_silicon import clips_heard
from snn.training.gradient import Watch, fit, validate

FRAMES = 20
TINY = ("hidden=[16, 12]", "n_mels=8", "epochs=4", "batch_size=8", "learning_rate=0.02", "dropout=0.1")
DENSE = ("n_mels=8", "duration_s=0.3", "pool_in=1", "epochs=4", "batch_size=8")
CONV = (*DENSE, "channels=[6, 5]", "kernels=[3]", "separable=true", "hidden=[7]")
BTBT = "chip.name=btbt-45rfsoi"


def examples(n_frames=FRAMES, seed=0):
    """Three classes, each loud in a band of its own."""
    x = torch.randn(2, 24, n_frames, 8, generator=torch.Generator().manual_seed(seed))
    labels = torch.arange(24) % 3
    x[:, torch.arange(24), :, labels] += 1.5
    return Examples(x, labels)


def built(*settings):
    spiking = "pool_in=1" not in settings
    recipe = load_recipe("fsdd" if spiking else "kws-dense", settings)
    make = Spotter if spiking else Conventional
    return make(recipe, recipe.features.at(8000 if spiking else 16_000), "abc"), recipe


def trained(*settings, **how):
    model, recipe = built(*settings)
    n = n_frames(model)
    fit(model, examples(n), examples(n, seed=1), recipe, **how)
    return model


def n_frames(model):
    return FRAMES if isinstance(model, Spotter) else model.front_end.n_frames


RUNS = {
    "mismatch": (*TINY, "mismatch=0.1", "weight_bits=4", "fan_in=6"),
    "noise": (*TINY, "weight_noise=0.05", "weight_clip=2", "weight_bits=4", "recurrent=true"),
    "energy": (*TINY, BTBT, "energy_weight=1"),
    "analog": (*CONV, "weight_noise=0.05", "weight_clip=2", "input_bits=6", "output_bits=8", "fan_in=9"),
}
STOPS = (1, 3)  # within the warm-up of two epochs, and after it


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Of a name of RUNS: the model as trained without a stop, and the checkpoint that a stop would have left."""
    folder = tmp_path_factory.mktemp("runs")

    @cache
    def trained_once(name):
        path = folder / f"{name}.safetensors"
        kept = {stop: folder / f"{name}-{stop}.safetensors" for stop in STOPS}

        def on_epoch(record, improved):
            if record.epoch in STOPS:
                shutil.copy(path, kept[record.epoch])

        return trained(*RUNS[name], checkpoint=path, watch=Watch(on_epoch=on_epoch)), kept

    return trained_once


def levels(array, outputs_last):
    """Distinct |levels| of each neuron or filter, apart by more than rounding."""
    rows = array.T if outputs_last else array.reshape(len(array), -1)
    return [len(np.unique(np.round(np.abs(row) / np.abs(row).max(), 9))) for row in rows]


@pytest.mark.parametrize(("bits", "most"), [(1, 2), (4, 15)])
@pytest.mark.parametrize("settings", [TINY, (*TINY, "recurrent=true"), (*TINY, "norm=none"), DENSE, CONV],
                         ids=["normalised", "recurrent", "plain", "dense", "convolutional"])  # fmt: skip
def test_what_leaves_has_so_many_levels_for_each_neuron(settings, bits, most):
    """Folding multiplies each output by a number of its own, of either sign; 1 bit has one level, 4 bits have 8."""
    model, _ = built(*settings, f"weight_bits={bits}")
    with torch.no_grad():
        for module in model.modules():
            if hasattr(module, "running_var"):  # far from a factor of 1, and of both signs
                module.weight.copy_(torch.linspace(-2, 3.1, len(module.weight)))
                module.running_var.copy_(torch.linspace(0.1, 4, len(module.weight)))
    spec = model.network()
    spiking = isinstance(model, Spotter)
    for layer in spec.layers:
        if layer.kind in ("encoder", "mean_pool", "max_pool"):
            continue
        found = levels(layer.weights, outputs_last=spiking or layer.convolution is None)
        assert max(found) <= (most + 1) // 2
        assert min(found) >= (1 if bits == 1 else 2)
        if layer.recurrent is not None:
            assert max(levels(layer.recurrent, True)) <= (most + 1) // 2


@pytest.mark.parametrize("kind", ["spiking", "values"])
def test_what_is_evaluated_is_what_leaves(kind, run_of):
    """The kernels, or torch, against the plain data in NumPy: the same answers."""
    model = run_of("noise")[0] if kind == "spiking" else trained(*CONV, "epochs=2", "weight_bits=1", "fan_in=6")
    clips, net = examples(n_frames(model), seed=2), model.network()
    mine = (model.score(clips).argmax(-1) == clips.labels).double().mean().item()
    heard = clips_heard(model, clips)
    accuracy = heard.accuracy(net, exact_arrays(net), np.random.default_rng(0))
    assert accuracy == pytest.approx(mine, abs=1 / 24 + 1e-9)
    if kind == "spiking":
        x = clips.features[0].transpose(0, 1)
        with torch.no_grad():
            potential, _ = run_network(x[:, :1], model.kernels())
        theirs = run_arrays(net, exact_arrays(net), x[:, :1].transpose(0, 1).double().numpy(), np.random.default_rng(0))
        assert theirs[0] == pytest.approx(potential[:, 0].double().numpy(), abs=1e-4)


@pytest.mark.parametrize(("name", "most"), [("mismatch", 6), ("analog", 9)])
def test_no_neuron_has_more_inputs_than_the_chip_allows(name, most, run_of):
    found = []
    for layer in run_of(name)[0].network().layers:
        if layer.kind in ("encoder", "mean_pool", "max_pool"):
            continue
        outputs_last = layer.kind in ("adaptive_lif", "lif", "readout", "dense")
        rows = layer.weights.T if outputs_last else layer.weights.reshape(len(layer.weights), -1)
        assert (np.count_nonzero(rows, axis=1) == min(most, rows.shape[1])).all()
        found.append(rows.shape[1])
    assert max(found) > most


@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_stops_ends_as_one_that_does_not(name, run_of):
    model, checkpoints = run_of(name)
    whole = model.state_dict()
    for path in checkpoints.values():
        again = trained(*RUNS[name], checkpoint=path, resume=True).state_dict()
        assert all(torch.equal(whole[key], again[key]) for key in whole)


@pytest.mark.parametrize(
    "settings",
    [(*TINY, "epochs=2", "mismatch=0.3"), (*CONV, "epochs=2", "weight_noise=0.3")],
    ids=["spiking", "values"],
)
def test_an_epoch_is_chosen_by_the_same_few_chips_and_evaluation_meets_none(settings):
    model = trained(*settings)
    clips = examples(n_frames(model), seed=2)
    first, again = model.score_on_chips(clips), model.score_on_chips(clips)
    assert len(first) == CHIPS
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], first[1])
    assert torch.equal(model.score(clips), model.score(clips))
    each = [(scores.argmax(-1) == clips.labels).double().mean().item() for scores in first]
    assert validate(model, clips)[0] == pytest.approx(np.mean(each))
    assert min(each) < max(each)  # chips that are so bad are told apart


def test_weights_of_the_warm_up_are_not_kept():
    from snn.training.checkpoint import EpochRecord, Progress

    progress, rates = Progress(warm_up=2), (0.5, 0.9, 0.6, 0.7)
    improved = [progress.add(EpochRecord(i, 0.0, rate, 0.0, 0.0, 0.0)) for i, rate in enumerate(rates, 1)]
    assert (improved, progress.best_epoch, progress.best_accuracy) == ([True, True, True, True], 4, 0.7)


@pytest.mark.parametrize("settings", [(), ("encoder.kind=delta", "encoder.threshold=0.5")], ids=["lif", "delta"])
def test_a_price_of_a_spike_foretells_the_bill_of_any_activity(settings):
    """The ledger is linear in the spikes of a population: half of them, of two populations at once, at one speed."""
    model, _ = built(*TINY, BTBT, *settings)
    model.layers[0].weight.data *= 8  # so that all of it fires
    clips, chip, net = examples(), load_chip("btbt-45rfsoi", trained=model.chip()), model.network()
    activity = model.run(clips).activity
    placement = chip.place(net, activity)
    total, each = prices_of_spikes(chip, net, activity, placement)
    names = [name for name, spikes in activity.spikes.items() if spikes.any()]
    assert names
    spikes = {name: activity.spikes[name] * (0.5 if name in names else 1) for name in activity.spikes}
    near = {name: activity.near_threshold[name] - net.dt * (activity.spikes[name] - spikes[name]) for name in spikes}
    fewer = chip.price(net, replace(activity, spikes=spikes, near_threshold=near), placement).ledger.total
    expected = total - sum(each[name] * activity.spikes[name].sum() / 2 for name in names)
    assert fewer == pytest.approx(expected, rel=1e-6, abs=0)
    assert all(each[name] > 0 for name in names)


def test_joules_in_the_loss_make_a_network_spend_less():
    """The same training with and without: fewer spikes, and the loss is the cross entropy plus what they cost."""
    settings = (*TINY, "epochs=8", BTBT)
    free, saving = trained(*settings), trained(*settings, "energy_weight=100")
    spent = [model.run(examples(seed=2)).activity.spikes_per_inference for model in (free, saving)]
    assert spent[1] < 0.9 * spent[0]
    clips = examples()
    saving.energy.refresh(saving, clips)
    x, y = clips.features[0], clips.labels
    saving.eval()
    plain = saving.loss(x, y).item()
    costs = saving.energy.costs(saving.kernels())
    activity = saving.run(clips).activity
    bill = sum(saving.energy.of_spike[name] * spikes.sum() for name, spikes in activity.spikes.items())
    per_spike = [cost.unique().item() for cost in costs]
    charged = sum(cost * spikes.sum() for cost, spikes in zip(per_spike, activity.spikes.values(), strict=True))
    assert charged == pytest.approx(100 * bill / saving.energy.before.item(), rel=1e-6)
    for module in saving.modules():
        module.training = module is saving  # in training, but nothing of a batch's own: no dropout in layers, no norm
    saving.settings = replace(saving.settings, network=replace(saving.settings.network, dropout=0.0))
    assert saving.loss(x, y).item() - plain == pytest.approx(charged, rel=1e-3)
