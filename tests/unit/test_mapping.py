"""Placement: every neuron and synapse once, no core over a limit, every hard rule with a network that breaks it."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.errors import InputError
from circuits.mapping import CoreLimits, MappingError, Placement, place
from circuits.mapping.rules import HARD_RULES
from circuits.network.spec import LayerSpec, NetworkSpec

LIMITS = {"cores": 1, "input_neurons": 4, "neurons": 6, "lines": 60, "synapses": 50, "weight_bits": 1}


def _limits(**limits: int) -> CoreLimits:
    return CoreLimits(**{name: int(value) for name, value in (LIMITS | limits).items()})


PUBLISHED = load_chip("btbt-45rfsoi").limits


def _layer(name: str, kind: str, weights: np.ndarray, recurrent: np.ndarray | None = None) -> LayerSpec:
    one = np.ones(weights.shape[1])
    return LayerSpec(name, kind, weights, 0 * one, 0.02 * one, one, recurrent=recurrent)


def _network(*layers: LayerSpec) -> NetworkSpec:
    return NetworkSpec("net", 0.01, layers)


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


def _lines(net: NetworkSpec, layer: LayerSpec) -> list[tuple[str, int]]:
    """The source of each line of a layer, written out: the layer before or the outside, then its own neurons."""
    if layer.kind == "encoder":
        return []
    index = net.layers.index(layer)
    before = net.layers[index - 1].name if index else "external input"
    loops = 0 if layer.recurrent is None else layer.n_neurons
    return [(before, i) for i in range(layer.fan_in)] + [(layer.name, i) for i in range(loops)]


def _weight(layer: LayerSpec, line: int, neuron: int) -> float:
    if line < layer.fan_in:
        return layer.weights[line, neuron]
    return layer.recurrent[line - layer.fan_in, neuron]


def _random_case(seed: int) -> tuple[NetworkSpec, CoreLimits, Placement]:
    rng = np.random.default_rng(seed)
    net = _random_network(rng)
    sites = {"input_neurons": rng.integers(1, 21), "neurons": rng.integers(1, 37)}
    limits = _limits(**sites, lines=rng.integers(1, 60), synapses=rng.integers(1, 400))
    return net, limits, place(net, limits)


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neuron_and_external_channel_is_placed_exactly_once(seed):
    net, _, placement = _random_case(seed)
    placed = Counter((p.layer, i) for p in placement.slices if p.holds_neurons for i in range(p.start, p.stop))
    expected = Counter((layer.name, i) for layer in net.layers for i in range(layer.n_neurons))
    if net.layers[0].kind != "encoder":
        expected += Counter(("external input", i) for i in range(net.layers[0].fan_in))
    assert placed == expected
    assert all(piece.start < piece.stop for piece in placement.slices)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_synapse_is_placed_exactly_once(seed):
    net, _, placement = _random_case(seed)
    placed = Counter(
        (piece.layer, line, i)
        for piece in placement.slices
        for line in range(piece.line_start, piece.line_stop)
        for i in range(piece.start, piece.stop)
    )
    cells = {
        (layer.name, line, i)
        for layer in net.layers
        for line in range(len(_lines(net, layer)))
        for i in range(layer.n_neurons)
    }
    assert placed == Counter(cells)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_core_is_over_any_limit(seed):
    """Sites, lines and synapses recounted from the network, one by one; a line carries one source."""
    net, limits, placement = _random_case(seed)
    used = {"input_neurons": Counter(), "neurons": Counter(), "synapses": Counter()}
    lines: dict[int, set[tuple[str, int]]] = {}
    for piece in placement.slices:
        used["input_neurons" if piece.as_input else "neurons"][piece.core] += piece.stop - piece.start
        if piece.as_input:
            assert piece.n_synapses == 0
            continue
        layer = net.layer(piece.layer)
        assert layer.kind != "encoder"
        span, neurons = range(piece.line_start, piece.line_stop), range(piece.start, piece.stop)
        need = sum(_weight(layer, line, i) != 0 for line in span for i in neurons)
        assert piece.n_synapses == need
        used["synapses"][piece.core] += need
        lines.setdefault(piece.core, set()).update(_lines(net, layer)[line] for line in span)
    used["lines"] = {core: len(sources) for core, sources in lines.items()}
    for name, per_core in used.items():
        assert max(per_core.values(), default=0) <= getattr(limits, name), name
    assert {piece.core for piece in placement.slices} == set(range(placement.cores_used))


@pytest.mark.parametrize(
    ("fan_in", "n", "recurrent"), [(100, 80, True), (56, 36, False), (57, 37, False), (0, 40, True), (0, 40, False)]
)
def test_a_layer_is_cut_into_lines_over_56_times_neurons_over_36_tiles(fan_in, n, recurrent):
    layer = _layer("r", "lif", np.ones((fan_in, n)), np.ones((n, n)) if recurrent else None)
    pieces = [p for p in place(_network(layer), PUBLISHED).slices if not p.as_input]
    lines = fan_in + n * recurrent
    assert len(pieces) == max(1, -(-lines // 56)) * -(-n // 36)
    assert sum(p.holds_neurons for p in pieces) == -(-n // 36)


def test_random_cases_reach_every_reason_to_start_a_core():
    """Or the properties above would hold for nothing: full sites, lines, synapses; shared fan-in and cores."""
    reasons = Counter()
    for seed in SEEDS:
        net, limits, placement = _random_case(seed)
        tiles = [piece for piece in placement.slices if not piece.as_input]
        reasons["tile as wide as the sites"] += any(p.stop - p.start == limits.neurons for p in tiles)
        reasons["fan-in shared"] += any(not p.holds_neurons for p in tiles)
        reasons["core shared"] += len(tiles) > len({p.core for p in tiles})
        reasons["core shared by layers"] += len({(p.core, p.layer) for p in tiles}) > len({p.core for p in tiles})
        reasons["narrowed by synapses"] += any(
            p.stop - p.start < min(limits.neurons, net.layer(p.layer).n_neurons - p.start) for p in tiles
        )
        reasons["inputs beyond a core"] += any(p.as_input and p.core for p in placement.slices)
        reasons["external input"] += any(p.layer == "external input" for p in placement.slices)
    assert min(reasons.values()) > 5, reasons


def test_small_network_lands_where_it_was_counted_by_hand():
    """Input sites 3 + 2. Hidden: 5 lines, 4 synapses a neuron, three to a core of 13. Readout: 5 lines.

    Its 5 synapses do not fit beside 12, do beside 8; the core then has the 5 lines of "in" and 5 of "hidden".
    """
    encoder = _layer("in", "encoder", np.ones((1, 5)))
    weights = np.ones((5, 5)) - np.eye(5)
    net = _network(encoder, _layer("hidden", "lif", weights), _layer("out", "readout", np.ones((5, 1))))
    input_sites = [(0, "in", 0, 3, 0, 0, 0), (1, "in", 3, 5, 0, 0, 0)]
    hidden = [(0, "hidden", 0, 3, 12, 0, 5), (1, "hidden", 3, 5, 8, 0, 5)]
    for lines, core in ((10, 1), (9, 2)):
        placed = place(net, _limits(input_neurons=3, neurons=6, lines=lines, synapses=13))
        pieces = [(p.core, p.layer, p.start, p.stop, p.n_synapses, p.line_start, p.line_stop) for p in placed.slices]
        assert pieces == [*input_sites, *hidden, (core, "out", 0, 1, 5, 0, 5)]


def test_tall_fan_in_is_shared_by_cores_and_says_so():
    """45 inputs and 2 loops over 20 lines: 20 + 20 + 7; only the first tile holds the neurons."""
    placement = place(_network(WIDE), _limits(lines=20, input_neurons=50))
    tiles = [p for p in placement.slices if not p.as_input]
    assert [(p.core, p.line_start, p.line_stop, p.holds_neurons) for p in tiles] == [
        (0, 0, 20, True), (1, 20, 40, False), (2, 40, 47, False)
    ]  # fmt: skip
    assert [n for n in placement.notes if "fan-in" in n] == [
        "layer 'hidden': fan-in 47 of 20 lines: 3 cores share each neuron's synapses, ASSUMED"
    ]
    assert not [n for n in place(_network(WIDE), _limits(lines=47)).notes if "fan-in" in n]


def test_layers_of_one_source_share_its_lines():
    """30 recurrent neurons of 20 inputs need 50 lines; a readout of 6 taps 30 of these and fills the 36 sites."""
    reservoir = _layer("r", "lif", np.ones((20, 30)), np.ones((30, 30)))
    net = _network(_layer("in", "encoder", np.ones((20, 20))), reservoir, _layer("out", "readout", np.ones((30, 6))))
    assert place(net, PUBLISHED).cores_used == 1
    assert place(net, _limits(input_neurons=20, neurons=36, lines=50, synapses=2016)).cores_used == 1


def test_small_tiles_fill_what_is_left_of_earlier_cores():
    """Six sites: 3, then 5 on a second core, then 2 back on the first; and beside the last 5 lines of a tall fan-in."""
    sizes = (1, 3, 5, 2)
    layers = [_layer(f"{i}", "lif", np.ones(shape)) for i, shape in enumerate(pairwise(sizes))]
    placement = place(_network(*layers), _limits())
    assert [piece.core for piece in placement.slices if not piece.as_input] == [0, 1, 0]
    tall = _network(_layer("tall", "lif", np.ones((25, 2))), _layer("out", "readout", np.ones((2, 1))))
    placement = place(tall, _limits(lines=20, input_neurons=25))
    assert [piece.core for piece in placement.slices if not piece.as_input] == [0, 1, 1]


RECURRENT = _layer("in", "encoder", np.ones((1, 3)), np.ones((3, 3)))
WIDE = _layer("hidden", "lif", np.ones((45, 2)), np.ones((2, 2)))
DENSE = LayerSpec("dense", "dense", np.ones((3, 4)), np.zeros(4))
BROKEN = {
    "kinds_are_membranes": (_network(DENSE), _limits()),
    "has_neurons": (_network(), _limits()),
    "sites_exist": (_network(_layer("hidden", "lif", np.ones((3, 4)))), _limits(neurons=0)),
    "input_sites_receive_no_synapses": (_network(RECURRENT), _limits()),
}


def test_every_hard_rule_has_a_network_that_breaks_it():
    assert set(BROKEN) == {rule.__name__ for rule in HARD_RULES}


@pytest.mark.parametrize("name", BROKEN)
def test_network_that_breaks_a_hard_rule_is_refused_by_that_rule_alone(name):
    net, limits = BROKEN[name]
    (rule,) = [rule for rule in HARD_RULES if rule.__name__ == name]
    with pytest.raises(MappingError) as refusal:
        place(net, limits)
    assert refusal.value.broken == rule(net, limits)
    assert len(refusal.value.broken) == 1


@pytest.mark.parametrize(
    ("net", "change", "where", "value"),
    [
        (_network(_layer("in", "encoder", np.ones((1, 3)))), {"input_neurons": 0}, "layer 'in'", 3),
        (_network(WIDE), {"input_neurons": 0}, "layer 'external input'", 45),
        (_network(WIDE), {"lines": 0}, "layer 'hidden'", 47),
        (_network(WIDE), {"synapses": 0}, "layer 'hidden'", 94),
    ],
)
def test_a_population_without_sites_or_a_crossbar_is_refused_with_what_it_needs(net, change, where, value):
    (limit,) = change
    with pytest.raises(MappingError, match=f"{where}: {limit} is {value}, allowed 0; choose a chip") as refusal:
        place(net, _limits(**change))
    assert [(b.code, b.where, b.value, b.limit) for b in refusal.value.broken] == [(limit, where, value, 0)]


def test_refusal_lists_every_broken_rule():
    net = _network(_layer("in", "encoder", np.ones((1, 45)), np.eye(45)), replace(WIDE, name="a"))
    with pytest.raises(MappingError) as refusal:
        place(net, _limits(neurons=0, input_neurons=0))
    found = {(broken.code, broken.where, broken.value) for broken in refusal.value.broken}
    assert found == {
        ("neurons", "layer 'a'", 2),
        ("input_neurons", "layer 'in'", 45),
        ("recurrent synapses", "encoder 'in'", 45),
    }
    assert all(str(broken) in str(refusal.value) for broken in refusal.value.broken)


@pytest.mark.parametrize("value", [-1, 5.5, np.nan, np.inf, True, "5"])
def test_a_limit_that_is_no_whole_number_is_refused(value):
    with pytest.raises(InputError, match=r"CoreLimits\.neurons must be a whole number"):
        CoreLimits(**LIMITS | {"neurons": value})


def test_neuron_of_exactly_a_core_of_synapses_is_placed_on_one():
    sites = {"input_neurons": 50}
    assert place(_network(WIDE), _limits(synapses=47, **sites)).cores_used == 2
    assert place(_network(WIDE), _limits(synapses=94, **sites)).cores_used == 1


def test_encoder_behind_another_layer_is_refused():
    with pytest.raises(ValueError, match="encoder 'b' must come first"):
        _network(_layer("a", "lif", np.ones((1, 2))), _layer("b", "encoder", np.ones((2, 2))))


@pytest.mark.parametrize(("cores", "notes"), [(1, 1), (2, 1), (3, 0), (4, 0)])
def test_more_cores_than_published_is_noted_as_extrapolation(cores, notes):
    """13 neurons of 6 to a core fill three."""
    placement = place(_network(_layer("a", "lif", np.ones((1, 13)))), _limits(cores=cores))
    assert placement.cores_used == 3
    said = f"3 cores; the chip has {cores}: the same core repeated, an extrapolation"
    assert placement.notes == (said,) * notes


@pytest.mark.parametrize(("bits", "notes"), [(1, 1), (2, 0), (3, 0)])
def test_more_weight_levels_than_the_synapse_has_are_noted(bits, notes):
    """Three levels in one array, two in the recurrent one, each with a bias of its own; an encoder's gains are none."""
    gains = _layer("in", "encoder", np.arange(12.0).reshape(3, 4))
    layer = _layer("a", "lif", np.array([[0.0, 1.0], [2.0, 1.0], [0, 0], [0, 0]]), np.array([[0.0, 3.0], [0.0, 0.0]]))
    found = place(_network(gains, layer), _limits(weight_bits=bits)).notes
    assert len(found) == notes
    assert all(f"weights have 3 levels, the chip's synapses {2**bits}" in note for note in found)


def test_the_published_reservoir_fits_the_published_core():
    """20 input and 36 reservoir neurons, binary, fully connected: exactly full, nothing to note.

    So do 20 channels of spikes from outside; with one more of either, a second core is needed.
    """
    reservoir = _layer("r", "lif", np.ones((20, 36)), np.ones((36, 36)))
    for net in (_network(_layer("in", "encoder", np.ones((20, 20))), reservoir), _network(reservoir)):
        placement = place(net, PUBLISHED)
        assert placement.cores_used == 1
        assert placement.notes == ()
        assert [(piece.as_input, piece.n_synapses) for piece in placement.slices] == [(True, 0), (False, 2016)]
    for fan_in, n in ((21, 36), (20, 37)):
        assert place(_network(_layer("r", "lif", np.ones((fan_in, n)), np.ones((n, n)))), PUBLISHED).cores_used > 1
