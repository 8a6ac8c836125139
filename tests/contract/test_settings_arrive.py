"""A setting of a recipe arrives where it belongs: each is set away from its default, none takes another's place."""

import numpy as np
import pytest
import torch

from circuits.neuron.circuit import LIFCircuit
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.networks.lattice import Lattice
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from snn.training.gradient import fit


def recipe(*settings):
    return parse_recipe('name = "tiny"', settings)


def chip(*settings):
    return parse_recipe('name = "tiny"\nkind = "reservoir"\n[reservoir]\nlattice = [2, 2, 3]', settings)


CIRCUIT = ("width_m=2e-6", "c_mem_f=3e-15", "v_threshold_v=0.3", "v_sink_v=-0.2", "device=32nm-pdsoi-nsd5e19")


@pytest.mark.parametrize(("make", "tau_mem"), [(recipe, 0.030), (chip, 0.030e-3)])
def test_the_circuit_is_that_of_the_recipe_at_the_geometric_mean_of_its_time_constants(make, tau_mem):
    """The span of 10 to 90 ms has its middle at 30 ms, and on a chip that is a thousand times faster at 30 us."""
    section = "reservoir" if make is chip else "neuron"
    chosen = make(*CIRCUIT, f"{section}.tau_mem_s=[0.01, 0.09]")
    circuit = (chosen if make is chip else chosen.neuron).circuit()
    assert (circuit.device.name, circuit.width, circuit.c_mem) == ("32nm-pdsoi-nsd5e19", 2e-6, 3e-15)
    assert (circuit.v_threshold, circuit.v_sink) == (0.3, -0.2)
    assert circuit.c_mem / circuit.g_leak == pytest.approx(tau_mem, rel=1e-9, abs=0)


def test_a_chips_refractory_time_is_that_of_speech_over_its_acceleration():
    assert chip("t_refractory_s=0.003", "neuron.acceleration=500").circuit().t_refractory == pytest.approx(6e-6, abs=0)


def test_the_lattice_is_that_of_the_recipe():
    settings = ("r0=1.5", "k_ee=0.1", "k_ei=0.2", "k_ie=0.3", "k_ii=0.4", "inhibitory=0.25")
    assert chip(*settings).reservoir.layout() == Lattice((2, 2, 3), 1.5, ((0.1, 0.2), (0.3, 0.4)), 0.25)


def test_the_front_end_is_that_of_the_recipe():
    settings = ("duration_s=0.7", "n_mels=13", "window_s=0.032", "hop_s=0.016", "f_min_hz=120", "f_max_hz=3100")
    chosen = recipe(*settings, "features.sample_rate=7000", "normalise=running")
    assert chosen.features.at(16_000) == LogMel(7000, 0.7, 13, 0.032, 0.016, 120.0, 3100.0, "running")
    assert recipe(*settings).features.at(16_000).sample_rate == 16_000  # that of the recordings


def test_the_rule_that_learns_online_is_that_of_the_recipe():
    """Calcium in seconds of speech, weights in swings, the crowbar window v_crowbar over the readout's own swing."""
    numbers = {"tau_calcium_s": 7.0, "calcium_threshold": 11.0, "margin": 4.0, "p_up": 0.2, "p_down": 0.6}
    numbers |= {"teacher": 1.5, "w_max": 0.4, "n_levels": 9, "tau_readout_s": 0.3, "readout_refractory_s": 0.004}
    numbers |= {"readout_bias": 31.0, "readout_floor": -5.0}
    settings = [f"learning.{name}={value}" for name, value in numbers.items()]
    rule = chip(*settings, "learning.mode=distance", "hold=false", "conserve=false").rule()
    assert (rule.mode, rule.hold, rule.conserve) == ("distance", False, False)
    assert (rule.tau_calcium, rule.threshold, rule.margin, rule.p_up, rule.p_down) == (7.0, 11.0, 4.0, 0.2, 0.6)
    assert (rule.teacher, rule.grid.w_max, rule.grid.n_levels) == (1.5, 0.4, 9)
    neuron = rule.neuron
    assert (neuron.tau_mem, neuron.t_refractory, neuron.bias, neuron.v_floor) == (0.3, 0.004, 31.0, -5.0)
    own_swing = LIFCircuit.v_threshold / 5  # the floor, a swing of the circuit below reset, is 5 of them
    assert neuron.window == pytest.approx(0.091 / np.log(10) / own_swing)


def test_shift_and_room_do_not_take_each_others_place(tmp_path, few, recipe_file, snn_json, snn):
    """Two seconds are a shift, and no probability; one is a probability."""
    run = tmp_path / "run"
    settings = ("--set", "copies=1", "--set", "epochs=1", "--set", "shift_s=2", "--set", "reverb_probability=1")
    assert snn_json("train", recipe_file, "--data", few, "--out", run, *settings)["epochs"] == 1
    code, _, err = snn("train", recipe_file, "--data", few, "--out", tmp_path / "o", "--set", "reverb_probability=2")
    assert code == 2
    assert "reverb_probability = 2" in err


@pytest.fixture
def recipe_file(recipe):
    return recipe


SPOTTER = ("n_mels=4", "hidden=[8]", "dropout=0", "band_mask=0", "frame_mask=0", "epochs=3", "learning_rate=0.03")


def example(n_clips=1, n_frames=12):
    """Noise on 4 bands, labels in turn."""
    x = torch.randn(1, n_clips, n_frames, 4, generator=torch.Generator().manual_seed(0))
    return Examples(x, torch.arange(n_clips) % 2)


def trained(*settings, clips=8):
    chosen = recipe(*SPOTTER, *settings)
    model = Spotter(chosen, chosen.features.at(8000), "ab")
    start = [p.detach().clone() for p in model.parameters()]
    fit(model, example(clips), example(clips), chosen)
    return start, list(model.parameters())


def test_weights_decay_as_fast_as_the_recipe_says():
    """AdamW takes rate x decay of each weight a step: at a product of 0.5 little is left of where they began."""
    end = [trained(f"weight_decay={d}", "learning_rate=1e-3", "batch_size=2")[1] for d in (0, 500)]
    kept = [sum(float(p.detach().abs().sum()) for p in parameters if p.ndim == 2) for parameters in end]
    assert kept[1] < 0.3 * kept[0]


def test_gradients_are_clipped_to_the_norm_of_the_recipe():
    """Adam divides a gradient by its own size, and by 1e-8 beside it: clipped far below, it hardly moves a weight."""
    moved = {}
    for norm in (5.0, 1e-12):
        start, end = trained(f"gradient_norm={norm}", "weight_decay=0", "norm=none")
        moved[norm] = max(float((b - a).detach().abs().max()) for a, b in zip(start, end, strict=True))
    assert moved[1e-12] < 0.01 * moved[5.0]


@pytest.mark.parametrize(("setting", "axis"), [("frame_mask=6", 2), ("band_mask=3", 1)])
def test_a_mask_of_frames_takes_whole_frames_and_one_of_bands_whole_bands(monkeypatch, setting, axis):
    """What the network is shown beside what was recorded, of one clip over and over."""
    seen, loss = [], Spotter.loss

    def watched(model, features, labels, generator=None):
        seen.append(features.clone())
        return loss(model, features, labels, generator)

    monkeypatch.setattr(Spotter, "loss", watched)
    trained(setting, "batch_size=1", "epochs=8", clips=1)
    masked = torch.cat(seen) != example().features[0]
    assert masked.any()
    share = masked.double().mean(axis)  # of each frame, or of each band
    assert set(share.flatten().tolist()) == {0.0, 1.0}
    assert 1 < share.sum(1).max() <= {2: 6, 1: 3}[axis]
