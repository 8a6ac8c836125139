"""What a report of a mesh says of itself: its boundary, what is paid for and what is not, and no zero for unknown."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.energy.boundary import SILICON
from circuits.errors import InputError
from circuits.literature.field_of_chips import NOT_STATED, SILICON_BOUNDARIES
from circuits.mapping.hypergraph import hypergraph_of
from circuits.mapping.network_on_mesh import given_placement
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec

CHIPS = {"loihi-sanafe": "chip", "loihi-davies": "array", "spinnaker": "system"}


def layer(kind: str, fan_in: int, n: int) -> LayerSpec:
    one = np.ones(n)
    return LayerSpec(kind, kind, np.ones((fan_in, n)), 0 * one, 0.02 * one, one)


ENCODED = NetworkSpec("heard", 1e-3, (layer("encoder", 2, 4), layer("lif", 4, 3)))
SPIKED = NetworkSpec("spiked", 1e-3, (layer("lif", 4, 3),))


def report_of(name: str, net: NetworkSpec):
    """On two cores of one router and another: all that can be charged is there."""
    chip = load_chip(name)
    own = {one.name: np.full(one.n_neurons, 5.0) for one in net.layers}
    encoder = np.zeros(4 if net is ENCODED else 0)
    still = {key: 0 * spikes for key, spikes in own.items()}
    activity = Activity(1, 0.1, own, still, 0.1, np.full(net.n_external, 5.0), encoder)
    graph = hypergraph_of(net, activity)
    core = np.arange(graph.n_vertices) % 2
    placed = given_placement(graph, chip.limits, chip.mesh, core, np.array([0, chip.mesh.n_cores - 1]))
    return chip.price(net, activity, placed)


@pytest.mark.parametrize("name", CHIPS)
def test_what_is_covered_is_what_has_a_figure(name):
    report = report_of(name, ENCODED)
    table, parts = report.as_dict(), report.ledger.parts
    assert table["operations_boundary"] == report.boundary == CHIPS[name]
    assert f"boundary {CHIPS[name]}" in report.heading
    paid, left = table["covers"].split("; ")
    for word, of in {"synapses": ["synapses"], "membranes": ["soma_access", "soma_update"], "spikes": ["spikes"],
                     "messages": ["messages"], "links": ["links_east_west", "links_north_south"],
                     "power of cores": ["cores"], "routers": ["routers"]}.items():  # fmt: skip
        assert (word in paid, word in left) == ((True, False) if set(of) & set(parts) else (False, True)), word


@pytest.mark.parametrize("name", CHIPS)
def test_what_nobody_models_is_named_and_never_zero(name):
    encoded, spiked = report_of(name, ENCODED), report_of(name, SPIKED)
    assert "signals of an encoder" in encoded.as_dict()["not_modelled"]
    assert "signals of an encoder" not in spiked.as_dict()["not_modelled"]
    table = spiked.as_dict()
    assert table["area_m2"] == ({"total": None} if name == "spinnaker" else {"die": 60e-6, "total": 60e-6})
    assert table["area_not_modelled"] == (["die"] if name == "spinnaker" else [])


def test_a_boundary_is_a_word_of_the_field():
    assert set(SILICON) == set(SILICON_BOUNDARIES) - {NOT_STATED}
    with pytest.raises(InputError, match=r"boundary .*one of array, tile, chip, system"):
        replace(load_chip("spinnaker"), boundary="board")


@pytest.mark.parametrize("name", CHIPS)
def test_every_piece_at_every_age_computes_the_same(name):
    chip = load_chip(name)
    assert (chip.ages, chip.alike) == (False, True)
    new, old = (chip.realise(SPIKED, np.random.default_rng(seed), age) for seed, age in ((0, 0.0), (1, 1e9)))
    assert np.array_equal(new.layers[0].weights, old.layers[0].weights)
