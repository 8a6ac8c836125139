"""Every random draw follows the seed, and none of them repeats where it should go on."""

import csv

import numpy as np
import pytest
from safetensors.numpy import load_file

STILL = """
name = "still"
[features]
n_mels = 8
duration_s = 0.3
[network]
hidden = [8]
dropout = 0.0
[augment]
copies = 0
band_mask = 0
frame_mask = 0
[training]
epochs = 4
batch_size = 64
learning_rate = 1e-30
"""  # one batch an epoch, and no weight moves: the loss changes with what is drawn alone


@pytest.fixture
def still(tmp_path):
    path = tmp_path / "still.toml"
    path.write_text(STILL)
    return path


def losses(folder):
    return np.array([float(row["loss"]) for row in csv.DictReader((folder / "history.csv").open())])


def test_a_network_that_cannot_move_and_draws_nothing_has_one_loss(tmp_path, few, still, snn_json):
    snn_json("train", still, "--data", few, "--out", tmp_path / "run")
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(tmp_path / "run")[0], rtol=1e-5)


def test_copies_that_are_asked_to_alter_nothing_leave_the_loss_as_it_is(tmp_path, few, still, snn_json):
    """No change of speed, no shift, no room, and noise of a millionth: whichever copy is drawn, it is the clip."""
    neutral = ("copies=4", "speed=[1, 1]", "shift_s=0", "reverb_probability=0", "snr_db=[120, 120]")
    flags = [part for setting in neutral for part in ("--set", setting)]
    snn_json("train", still, "--data", few, "--out", tmp_path / "run", *flags)
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(tmp_path / "run")[0], rtol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        ("dropout=0.5",),
        ("frame_mask=15",),
        ("band_mask=6",),
        ("copies=4",),
        ("batch_size=4",),  # in another order other clips share a batch, and its statistics
    ],
)
def test_every_epoch_draws_its_own_order_copies_masks_and_dropout(tmp_path, few, still, snn_json, settings):
    flags = [part for setting in settings for part in ("--set", setting)]
    snn_json("train", still, "--data", few, "--out", tmp_path / "run", *flags)
    told = losses(tmp_path / "run")
    apart = np.abs(told[:, None] - told)[np.triu_indices(4, 1)]
    assert apart.min() > 1e-4 * told[0], told


# A chip on which no wire is drawn: every input reaches every neuron, every second one to inhibit it, and every neuron
# every other.
WHOLE = """
name = "whole"
kind = "reservoir"
[ear]
bank = "mel"
n_channels = 6
duration_s = 0.3
[reservoir]
lattice = [2, 2, 2]
r0 = 1e9
k_ee = 1.0
fan_out = 8
tau_mem_s = [0.02, 0.02]
signed_input = true
w_input = 1.1
w_ee = 0.3
[readout]
n_bins = 4
[learning]
epochs = 1
"""


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "whole.toml"
    path.write_text(WHOLE)
    return path


def test_another_seed_learns_online_in_another_order_on_the_same_chip(tmp_path, few, whole, snn_json):
    runs = [tmp_path / f"seed {seed}" for seed in (0, 1)]
    told, other = (snn_json("train", whole, "--data", few, "--out", run, "--seed", k) for k, run in enumerate(runs))
    kept, others = (load_file(run / "model.safetensors") for run in runs)
    for name in kept.keys() - {"online"}:
        np.testing.assert_array_equal(kept[name], others[name], err_msg=name)
    assert (told["test_accuracy"], told["energy_j"]) == (other["test_accuracy"], other["energy_j"])
    moved = kept["online"] != others["online"]
    assert 0.1 < moved.mean() < 1.0
    assert told["online"]["weight_updates"] != other["online"]["weight_updates"]
