"""Placement: every neuron once, no core over a limit, every hard rule with a network that breaks it."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from circuits.chips import ChipSpec, load_chip
from circuits.chips.chip import Sourced
from circuits.mapping import MappingError, Placement, place
from circuits.mapping.rules import HARD_RULES
from circuits.network import LayerSpec, NetworkSpec
from circuits.neuron import LIFCircuit

LIMITS = {"cores": 1, "input_neurons": 4, "neurons": 6, "synapses": 50, "weight_bits": 1}


def _chip(**limits: int) -> ChipSpec:
    sourced = {name: Sourced(int(value), "t") for name, value in (LIMITS | limits).items()}
    return ChipSpec("tiny", "tiny", Sourced(1e-9, "t"), sourced)


def _layer(name: str, kind: str, weights: np.ndarray, recurrent: np.ndarray | None = None) -> LayerSpec:
    one = np.ones(weights.shape[1])
    return LayerSpec(name, kind, weights, 0 * one, 0.02 * one, one, recurrent=recurrent)


def _network(*layers: LayerSpec) -> NetworkSpec:
    return NetworkSpec("net", 0.01, LIFCircuit(), layers)


def _random_network(rng: np.random.Generator) -> NetworkSpec:
    """One to four layers of 1 to 40 neurons, sparse, some recurrent, an encoder in front of half of them."""
    sizes = rng.integers(1, 41, rng.integers(2, 6))
    layers = []
    for i, (fan_in, n) in enumerate(pairwise(sizes)):
        kind = "encoder" if i == 0 and rng.random() < 0.5 else str(rng.choice(["lif", "adaptive_lif", "readout"]))
        weights = (rng.random((fan_in, n)) < rng.random()) * rng.normal(size=(fan_in, n))
        loops = (rng.random((n, n)) < rng.random()) * 1.0 if kind != "encoder" and rng.random() < 0.5 else None
        layers.append(_layer(f"layer{i}", kind, weights, loops))
    return _network(*layers)


def _synapses(layer: LayerSpec, neuron: int) -> int:
    """Counted one by one; an encoder is driven by currents, not by synapses."""
    if layer.kind == "encoder":
        return 0
    lines = list(layer.weights[:, neuron]) + ([] if layer.recurrent is None else list(layer.recurrent[:, neuron]))
    return sum(weight != 0 for weight in lines)


def _random_case(seed: int) -> tuple[NetworkSpec, ChipSpec, Placement]:
    rng = np.random.default_rng(seed)
    net = _random_network(rng)
    most = max(_synapses(layer, i) for layer in net.layers for i in range(layer.n_neurons))
    chip = _chip(input_neurons=rng.integers(1, 21), neurons=rng.integers(1, 37), synapses=most + rng.integers(0, 200))
    return net, chip, place(net, chip)


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neuron_is_placed_exactly_once(seed):
    net, _, placement = _random_case(seed)
    placed = Counter((piece.layer, i) for piece in placement.slices for i in range(piece.start, piece.stop))
    assert placed == Counter((layer.name, i) for layer in net.layers for i in range(layer.n_neurons))
    assert all(piece.start < piece.stop for piece in placement.slices)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_core_is_over_any_limit(seed):
    """Sites and synapses recounted from the network, neuron by neuron."""
    net, chip, placement = _random_case(seed)
    used = {"input_neurons": Counter(), "neurons": Counter(), "synapses": Counter()}
    for piece in placement.slices:
        layer = net.layer(piece.layer)
        need = sum(_synapses(layer, i) for i in range(piece.start, piece.stop))
        assert piece.as_input == (layer.kind == "encoder")
        assert piece.n_synapses == need
        used["input_neurons" if piece.as_input else "neurons"][piece.core] += piece.stop - piece.start
        used["synapses"][piece.core] += need
    for name, per_core in used.items():
        assert max(per_core.values(), default=0) <= chip.limit(name)


@pytest.mark.parametrize("seed", SEEDS)
def test_cores_are_filled_in_order_and_a_new_one_only_when_the_last_is_full(seed):
    """The first neuron of the next core would not have fitted into the one before."""
    net, chip, placement = _random_case(seed)
    assert {piece.core for piece in placement.slices} == set(range(placement.cores_used))
    order = [
        (piece.core, _synapses(net.layer(piece.layer), i))
        for piece in placement.slices
        if not piece.as_input
        for i in range(piece.start, piece.stop)
    ]
    assert [core for core, _ in order] == sorted(core for core, _ in order)
    for core, need in [after for before, after in pairwise(order) if before[0] != after[0]]:
        before = [n for c, n in order if c == core - 1]
        assert len(before) == chip.limit("neurons") or sum(before) + need > chip.limit("synapses")


def test_random_cases_reach_every_reason_to_start_a_core():
    """Or the properties above would hold for nothing."""
    cases = [_random_case(seed) for seed in SEEDS]
    assert sum(placement.cores_used > 1 for _, _, placement in cases) > 20
    assert any(piece.as_input and piece.core > 0 for _, _, placement in cases for piece in placement.slices)
    full = [
        sum(piece.stop - piece.start for piece in placement.slices if piece.core == 0 and not piece.as_input)
        < chip.limit("neurons")
        for _, chip, placement in cases
        if any(piece.core == 1 and not piece.as_input for piece in placement.slices)
    ]
    assert any(full)
    assert not all(full)


def test_small_network_lands_where_it_was_counted_by_hand():
    """Input sites 3 + 2; neurons of 4 synapses, three to a core of 13; the readout's 5 synapses join the last core."""
    encoder = _layer("in", "encoder", np.ones((1, 5)))
    weights = np.ones((5, 5)) - np.eye(5)
    net = _network(encoder, _layer("hidden", "lif", weights), _layer("out", "readout", np.ones((5, 1))))
    placed = place(net, _chip(input_neurons=3, neurons=6, synapses=13))
    pieces = [(p.core, p.layer, p.start, p.stop, p.n_synapses) for p in placed.slices]
    assert pieces == [
        (0, "in", 0, 3, 0), (1, "in", 3, 5, 0), (0, "hidden", 0, 3, 12), (1, "hidden", 3, 5, 8), (1, "out", 0, 1, 5)
    ]  # fmt: skip


RECURRENT = _layer("in", "encoder", np.ones((1, 3)), np.ones((3, 3)))
WIDE = _layer("hidden", "lif", np.ones((45, 2)), np.ones((2, 2)))
BROKEN = {
    "has_neurons": (_network(), _chip()),
    "sites_exist": (_network(_layer("hidden", "lif", np.ones((3, 4)))), _chip(neurons=0)),
    "input_sites_receive_no_synapses": (_network(RECURRENT), _chip()),
    "fan_in_fits_a_core": (_network(WIDE), _chip(synapses=46)),
}


def test_every_hard_rule_has_a_network_that_breaks_it():
    assert set(BROKEN) == {rule.__name__ for rule in HARD_RULES}


@pytest.mark.parametrize("name", BROKEN)
def test_network_that_breaks_a_hard_rule_is_refused_by_that_rule_alone(name):
    net, chip = BROKEN[name]
    (rule,) = [rule for rule in HARD_RULES if rule.__name__ == name]
    (line,) = rule(net, chip)
    with pytest.raises(MappingError) as refusal:
        place(net, chip)
    assert str(refusal.value) == line


def test_encoder_without_input_sites_is_refused():
    net = _network(_layer("in", "encoder", np.ones((1, 3))))
    with pytest.raises(MappingError, match="'in' needs input_neurons, a core of tiny has none"):
        place(net, _chip(input_neurons=0))


def test_refusal_lists_every_broken_rule():
    net = _network(_layer("in", "encoder", np.ones((1, 45)), np.eye(45)), replace(WIDE, name="a"))
    with pytest.raises(MappingError) as refusal:
        place(net, _chip(neurons=0, synapses=46))
    assert all(part in str(refusal.value) for part in ("'a' needs neurons", "encoder 'in' is recurrent", "47 synapses"))


def test_fan_in_of_exactly_a_core_is_placed():
    assert place(_network(WIDE), _chip(synapses=47)).cores_used == 2
    assert place(_network(WIDE), _chip(synapses=94)).cores_used == 1


def test_encoder_behind_another_layer_is_refused():
    with pytest.raises(ValueError, match="encoder 'b' must come first"):
        _network(_layer("a", "lif", np.ones((1, 2))), _layer("b", "encoder", np.ones((2, 2))))


@pytest.mark.parametrize(("cores", "notes"), [(1, 1), (2, 1), (3, 0), (4, 0)])
def test_more_cores_than_published_is_noted_as_extrapolation(cores, notes):
    """13 neurons of 6 to a core fill three."""
    placement = place(_network(_layer("a", "lif", np.ones((1, 13)))), _chip(cores=cores))
    assert placement.cores_used == 3
    assert sum(f"3 cores; tiny has {cores}" in note and "extrapolation" in note for note in placement.notes) == notes
    assert len(placement.notes) == notes


@pytest.mark.parametrize(("bits", "notes"), [(0, 1), (1, 1), (2, 0), (3, 0)])
def test_more_weight_levels_than_the_synapse_has_are_noted(bits, notes):
    """Four levels, one of them in the recurrent weights; an encoder's gains are no synapses."""
    gains = _layer("in", "encoder", np.arange(12.0).reshape(3, 4))
    layer = _layer("a", "lif", np.array([[0.0, 1.0], [2.0, 1.0], [0, 0], [0, 0]]), np.array([[0.0, 3.0], [0.0, 0.0]]))
    found = place(_network(gains, layer), _chip(weight_bits=bits)).notes
    assert len(found) == notes
    assert all(f"weights have 4 levels, synapses of tiny {2**bits}" in note for note in found)


def test_the_published_reservoir_fits_the_published_core():
    """20 input and 36 reservoir neurons, binary, fully connected: exactly full, nothing to note."""
    net = _network(_layer("in", "encoder", np.ones((20, 20))), _layer("r", "lif", np.ones((20, 36)), np.ones((36, 36))))
    placement = place(net, load_chip("btbt-45rfsoi"))
    assert placement.cores_used == 1
    assert placement.notes == ()
    assert sum(piece.n_synapses for piece in placement.slices) == 2016
