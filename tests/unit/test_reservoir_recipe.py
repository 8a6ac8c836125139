"""Recipes of reservoirs: what a key may be, what the named ones say, and which circuit they ask for."""

from dataclasses import replace

import numpy as np
import pytest
import tomli_w

from snn.networks.reservoir import build_reservoir, draw_wiring
from snn.recipes.reader import to_table
from snn.recipes.recipe import RecipeError, load_recipe, parse_recipe

MINIMAL = 'name = "mine"\nkind = "reservoir"\n[reservoir]\n'


def built(name):
    recipe = load_recipe(name)
    n = recipe.ear.n_channels
    wires = draw_wiring(recipe, n, np.random.default_rng(0))
    return wires, build_reservoir(recipe, np.ones(n), wires)


def test_the_kind_names_the_model_and_a_recipe_without_one_is_a_spotter():
    assert parse_recipe(MINIMAL).kind == "reservoir"
    assert parse_recipe('name = "mine"\n').kind == "spotter"
    with pytest.raises(RecipeError, match="unknown kind 'resevoir'; did you mean 'reservoir'"):
        parse_recipe('name = "mine"\nkind = "resevoir"\n')


@pytest.mark.parametrize("section", ["ear", "input", "reservoir", "readout", "learning", "plasticity", "comparison"])
def test_a_section_of_a_reservoir_without_the_kind_says_what_to_write(section):
    with pytest.raises(RecipeError, match=rf"\[{section}\] is of a reservoir: write kind = \"reservoir\" into"):
        parse_recipe(f'name = "own"\n[{section}]')


def test_a_recipe_survives_its_own_file():
    recipe = load_recipe("chip-20-36", ["order=2", "n_synapses=250", "p_up=0.2", "levels=31", "ear.bank=lyon"])
    assert parse_recipe(tomli_w.dumps(to_table(recipe))) == recipe


def test_every_key_of_the_calcium_rule_reaches_it():
    """A value of its own for each key of the section, each found in the rule."""
    learning = parse_recipe(
        MINIMAL,
        [
            *("tau_calcium_s=0.064", "calcium_threshold=10", "margin=2", "p_up=0.1", "p_down=0.15", "teacher=500"),
            *("w_max=0.4", "n_levels=1601", "tau_readout_s=0.061", "readout_refractory_s=0.003", "readout_bias=7"),
            *("readout_floor=-3", "hold=false", "conserve=false", "learning.mode=calcium"),
        ],
    ).learning
    rule, neuron, grid = learning.rule, learning.rule.neuron, learning.rule.grid
    assert (rule.mode, rule.tau_calcium, rule.threshold, rule.margin) == ("calcium", 0.064, 10, 2)
    assert (rule.p_up, rule.p_down, rule.teacher, rule.hold, rule.conserve) == (0.1, 0.15, 500, False, False)
    assert (neuron.tau_mem, neuron.t_refractory, neuron.bias, neuron.v_floor) == (0.061, 0.003, 7, -3)
    assert (grid.w_max, grid.n_levels) == (0.4, 1601)


def test_the_reservoir_of_the_literature_has_its_parameters():
    """Weights over a threshold of 20: W_EE 3, W_EI 6, W_IE -2, W_II -2, inputs 4 of 8, half of them negative."""
    wires, reservoir = built("lsm-5x5x5")
    assert (reservoir.n_input, reservoir.n_reservoir) == (77, 125)
    np.testing.assert_array_equal(np.unique(wires.weights), [-8 / 20, 0, 8 / 20])
    assert ((wires.weights > 0).sum(axis=1) == 2).all()
    assert ((wires.weights < 0).sum(axis=1) == 2).all()
    inhibits = wires.recurrent.min(axis=1) < 0
    assert inhibits.sum() == 25  # a fifth
    np.testing.assert_allclose(np.unique(wires.recurrent[~inhibits]), [0, 3 / 20, 6 / 20])
    np.testing.assert_allclose(np.unique(wires.recurrent[inhibits]), [-2 / 20, 0])
    np.testing.assert_allclose(wires.tau_mem, 0.064)  # a span of equal ends
    circuit = reservoir.chip.circuit
    assert (circuit.t_refractory, circuit.tau_mem) == pytest.approx((3e-6, 64e-6), rel=1e-9, abs=0)  # on the chip
    assert circuit.v_sink == circuit.v_reset


def test_a_span_is_drawn_evenly_in_the_logarithm():
    recipe = load_recipe("chip-20-36", ["reservoir.tau_mem_s=[0.001, 0.1]", "lattice=[16, 16]", "n_synapses=2000"])
    recipe = replace(recipe, reservoir=replace(recipe.reservoir, n_synapses=0))
    tau = draw_wiring(recipe, 20, np.random.default_rng(0)).tau_mem
    assert 0.001 <= tau.min() < tau.max() <= 0.1
    counts = np.histogram(np.log10(tau), 4, (-3, -1))[0]
    assert counts == pytest.approx(64, abs=5 * np.sqrt(64 * 0.75))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("ear.row_s", "0.05", "ear.row_s must be from one sample to 0.025 s, got 0.05"),
        ("ear.bank", "'fft'", "'gammatone', 'lyon' or 'mel'"),
        ("ear.n_channels", "0", "ear.n_channels must be 1 to 512, got 0"),
        ("ear.exponent", "0", "greater than 0"),
        ("input.bsa_threshold", "1.5", "less than or equal to 1"),
        ("neuron.v_threshold_v", "0.5", "less than 0.5"),
        ("neuron.v_sink_v", "0.1", "less than or equal to 0"),
        ("neuron.device", "'7nm'", "32nm-pdsoi"),
        ("reservoir.k_ie", "1.1", "less than or equal to 1"),
        ("reservoir.inhibitory", "-0.1", "inhibitory in 0..1"),
        ("reservoir.w_input", "0", "greater than 0"),
        ("reservoir.tau_mem_s", "[0.0, 0.1]", "must rise from above 0"),
        ("reservoir.tau_exc_s", "[0.008, 0.004]", "must rise"),
        ("reservoir.tau_inh_s", "[inf, inf]", "finite"),
        ("reservoir.lattice", "[]", "1 to 4096 points"),
        ("reservoir.lattice", "[2.5]", "integer"),
        ("reservoir.delay_s", "1e-7", "at least a tenth of pulse_s = 0.001 s, got 1e-07"),
        ("readout.n_bins", "0", "greater than or equal to 1"),
        ("learning.mode", "'hebb'", "'calcium', 'distance', 'target' or 'greedy'"),
        ("training.seed", "-1", "greater than or equal to 0"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line(key, value, said):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(MINIMAL, [f"{key}={value}"])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("row", "fits"), [(0.004, True), (0.005, False)])
def test_bens_algorithm_takes_rows_as_short_as_its_filter(row, fits):
    settings = ["input.kind=bsa", f"row_s={row}"]
    if fits:
        assert parse_recipe(MINIMAL, settings).input.kind == "bsa"
    else:
        with pytest.raises(RecipeError, match=r"ear.row_s = 0.005 s is too long .* set it to 0.001"):
            parse_recipe(MINIMAL, settings)


def test_bens_algorithm_brings_rows_of_a_millisecond_unless_the_recipe_has_its_own():
    assert parse_recipe(MINIMAL, ["input.kind=bsa"]).ear.row_s == 0.001
    assert parse_recipe(MINIMAL, ["input.kind=bsa", "row_s=0.002"]).ear.row_s == 0.002
    assert parse_recipe(MINIMAL).ear.row_s == 0.005


@pytest.mark.parametrize(
    ("order", "span", "fits"), [(2, "[0.004, 0.004]", False), (1, "[0.004, 0.004]", True), (0, "[0.004, 0.004]", True)]
)
def test_rise_and_fall_of_order_two_must_differ(order, span, fits):
    settings = [f"order={order}", f"tau_exc_s={span}"]
    if fits:
        assert parse_recipe(MINIMAL, settings).reservoir.order == order
    else:
        with pytest.raises(RecipeError, match="tau_exc_s"):
            parse_recipe(MINIMAL, settings)


def test_the_reach_of_a_decaying_synapse_is_that_of_its_device_and_not_of_a_pulse_that_it_has_not():
    """A pulse of 1 ns asks for more than the device gives; order 2 has the device of 1 us, whatever pulse_s says."""
    short = MINIMAL + "pulse_s = 1e-6\n"
    with pytest.raises(RecipeError, match=r"reservoir\.w_\w+ at an acceleration of 1000 asks for"):
        parse_recipe(short)
    assert parse_recipe(short + "order = 2\n").reservoir.kernel(1000.0).device_pulse == 1e-6
