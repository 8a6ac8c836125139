"""Wiring on a lattice: how many synapses to expect, between whom, and what cannot be drawn."""

import math
from itertools import product

import numpy as np
import pytest

from snn.networks import lattice as module
from snn.networks.lattice import Lattice, connect, fan_out


def expected(shape, r0, k) -> float:
    """Synapses to expect of one kind of neuron: the sum over all pairs is a product over the axes."""
    axes = [sum(math.exp(-(((a - b) / r0) ** 2)) for a, b in product(range(n), repeat=2)) for n in shape]
    return k * (math.prod(axes) - math.prod(shape))  # less the pairs of a neuron with itself


def mean_k(n, n_inhibitory) -> float:
    """K of a pair, mean over which neurons are inhibitory: a pair is drawn without putting back."""
    e, i = n - n_inhibitory, n_inhibitory
    return (e * (e - 1) * 0.45 + e * i * (0.30 + 0.60) + i * (i - 1) * 0.15) / (n * (n - 1))


def draws(lattice, n=300):
    rng = np.random.default_rng(3)
    return np.array([connect(lattice, rng)[1].sum() for _ in range(n)])


@pytest.mark.parametrize(
    ("shape", "inhibitory", "mean", "spread"),
    [((3, 3, 4), 7, 197, 12), ((6, 6), 7, 117, 9), ((3, 3, 4), 0, 203, 12), ((6, 6), 0, 121, 10)],
)
def test_lattices_of_36_neurons_have_the_synapses_of_the_closed_form(shape, inhibitory, mean, spread):
    counts = draws(Lattice(shape, 2.0, inhibitory=inhibitory / 36))
    exact = expected(shape, 2.0, mean_k(36, inhibitory))
    assert exact == pytest.approx(mean, abs=1.5)  # with a fifth inhibitory those of 300 draws, made apart
    assert counts.mean() == pytest.approx(exact, abs=4 * spread / math.sqrt(300))
    assert counts.std() == pytest.approx(spread, rel=0.15)


def test_probabilities_of_a_pair_are_those_of_its_distance_and_kinds():
    lattice = Lattice((2, 2, 2), 1.5, ((0.4, 0.3), (0.6, 0.1)), 0.5)
    inhibitory = np.array([0, 0, 0, 0, 1, 1, 1, 1], bool)  # the first coordinate
    p = lattice.probabilities(inhibitory)
    assert p[0, 1] == pytest.approx(0.4 * math.exp(-1 / 2.25))  # (0,0,0) to (0,0,1)
    assert p[0, 7] == pytest.approx(0.3 * math.exp(-3 / 2.25))  # E to I, across the cube
    assert p[7, 0] == pytest.approx(0.6 * math.exp(-3 / 2.25))
    assert p[4, 7] == pytest.approx(0.1 * math.exp(-2 / 2.25))
    assert (np.diag(p) == 0).all()


@pytest.mark.parametrize("source", [0, 1])
@pytest.mark.parametrize("target", [0, 1])
def test_a_probability_of_one_connects_all_of_its_kinds_and_only_those(source, target):
    k = [[0.0, 0.0], [0.0, 0.0]]
    k[source][target] = 1.0
    inhibitory, synapses = connect(Lattice((3, 4), 1e6, tuple(map(tuple, k)), 0.25), np.random.default_rng(0))
    assert inhibitory.sum() == 3
    pairs = (inhibitory == source)[:, None] & (inhibitory == target)[None] & ~np.eye(12, dtype=bool)
    np.testing.assert_array_equal(synapses, pairs)


def test_kinds_are_drawn_and_no_neuron_meets_itself():
    rng = np.random.default_rng(0)
    kinds, tables = zip(*(connect(Lattice((3, 3, 4), inhibitory=0.2), rng) for _ in range(200)), strict=True)
    assert {int(kind.sum()) for kind in kinds} == {7}  # a fifth of 36
    assert np.mean(kinds, axis=0) == pytest.approx(7 / 36, abs=5 * math.sqrt(0.2 * 0.8 / 200))
    assert not any(np.diag(table).any() for table in tables)


@pytest.mark.parametrize("n_synapses", [180, 196, 215])
def test_a_number_of_synapses_is_met_exactly(n_synapses):
    assert connect(Lattice(), np.random.default_rng(5), n_synapses)[1].sum() == n_synapses


@pytest.mark.parametrize("n_synapses", [400, 0, 240])
def test_a_number_that_never_comes_is_refused_with_the_number_to_expect(n_synapses, monkeypatch):
    monkeypatch.setattr(module, "MAX_DRAWS", 50)
    with pytest.raises(ValueError, match=rf"^{n_synapses} synapses between 36 .* gives 203 \+- 12; change r0"):
        connect(Lattice(), np.random.default_rng(0), n_synapses)


def test_a_number_far_from_that_to_expect_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(module, "MAX_DRAWS", 10**12)
    with pytest.raises(ValueError, match="1000 synapses"):
        connect(Lattice((8, 8, 8)), np.random.default_rng(0), 1000)


@pytest.mark.parametrize("n_synapses", [0, -4])
def test_one_neuron_has_no_synapse_and_fewer_than_none_are_refused(n_synapses, monkeypatch):
    monkeypatch.setattr(module, "MAX_DRAWS", 5)
    assert connect(Lattice((1,)), np.random.default_rng(0))[1].shape == (1, 1)
    if n_synapses < 0:
        with pytest.raises(ValueError, match="-4 synapses"):
            connect(Lattice((1,)), np.random.default_rng(0), n_synapses)
    else:
        assert not connect(Lattice((1,)), np.random.default_rng(0), 0)[1].any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": ()}, "1 to 4096 points"),
        ({"shape": (3, 0)}, "1 to 4096 points"),
        ({"shape": (-3, -3)}, "1 to 4096 points"),
        ({"shape": (17, 17, 17)}, "1 to 4096 points"),
        ({"r0": 0.0}, "r0 must be positive"),
        ({"r0": math.inf}, "r0 must be positive"),
        ({"inhibitory": 1.2}, "inhibitory in 0..1"),
        ({"k": ((0.4, 0.3), (1.6, 0.1))}, "probabilities"),
    ],
)
def test_a_lattice_that_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Lattice(**change)


def test_every_input_drives_as_many_neurons_as_its_fan_out_and_every_neuron_is_driven_alike():
    tables = [fan_out(20, 36, 60, np.random.default_rng(seed)) for seed in range(300)]
    assert all((table.sum(axis=1) == 3).all() and set(np.unique(table)) == {0.0, 1.0} for table in tables)
    onto = np.mean([table.sum(axis=0) for table in tables], axis=0)  # (neuron,)
    assert onto == pytest.approx(60 / 36, abs=5 * math.sqrt(60 / 36 / 300))


def test_inputs_are_drawn_apart_from_each_other():
    table = fan_out(20, 36, 60, np.random.default_rng(0))
    assert len(np.unique(table, axis=0)) > 15


def test_synapses_that_do_not_divide_are_shared_as_evenly_as_they_can():
    table = fan_out(7, 36, 60, np.random.default_rng(0))
    assert table.sum(axis=1).tolist() == [9, 9, 9, 9, 8, 8, 8]
    assert fan_out(70, 36, 60, np.random.default_rng(0)).sum() == 70  # each input has at least one


def test_more_synapses_than_neurons_are_refused():
    with pytest.raises(ValueError, match="60 synapses of 1 inputs need more than the 36 neurons"):
        fan_out(1, 36, 60, np.random.default_rng(0))
