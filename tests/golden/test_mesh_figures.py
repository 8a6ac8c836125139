"""Golden figures of chips on a mesh: SpiNNaker's power, SANA-FE's example, Xylo's cycles."""

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.chips.mesh_ledger import MeshCosts, MeshInference, mesh_ledger
from circuits.chips.spiking_mesh import SpikingMesh
from circuits.energy.step_cycles import XyloNetwork, least_clock, step_cycles
from circuits.mapping.hypergraph import Population, hypergraph_of, hypergraph_of_edges
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.network_on_mesh import given_placement
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec

approx = pytest.approx


def _parts(n_cores: int, rate: float, seconds: float) -> dict[str, float]:
    """Joules on a SpiNNaker board: one neuron a core, the first sends to the second, on the same router."""
    chip = load_chip("spinnaker")
    rates = np.zeros(n_cores)
    rates[0] = rate
    graph = hypergraph_of_edges(n_cores, np.array([0]), np.array([1]), rates, (Population("n", 0, n_cores),))
    placement = given_placement(graph, chip.limits, chip.mesh, np.arange(n_cores), np.arange(n_cores))
    return mesh_ledger(placement, chip.costs, MeshInference(1, seconds, np.zeros(n_cores), {})).parts


def test_g6_a_packet_of_spinnaker_costs_1_nj_and_48_idle_chips_draw_16_8_w():
    parts = _parts(2, rate=1.0, seconds=1.0)
    assert parts["messages"] == approx(1e-9, rel=1e-12)
    assert parts["routers"] == approx(16.8, rel=1e-12)


def test_g7_806_active_cores_of_spinnaker_add_27_5_w():
    """27.4 W of the constant, which is a figure of 27.50 W that was measured, rounded."""
    assert _parts(806, rate=0.0, seconds=1.0)["cores"] == approx(27.50, rel=0.01)


# SANA-FE's example: two tiles of four cores; two inputs, the second of which spikes in steps 1 and 3, drive two neurons
# of threshold 2, the second of which inhibits itself.
DEMO = SpikingMesh(
    "demo", "two tiles", 14e-9, "chip", Mesh(2, 1, 4), MeshLimits(100, 8),
    MeshCosts(
        False, False, dense_synapse=20e-12, sparse_synapse=20e-12, access=20e-12, update=10e-12, spike=60e-12,
        message=100e-12, link_east_west=2.5e-12, link_north_south=2e-12,
    ),
)  # fmt: skip
WEIGHTS, LOOP, THRESHOLD, STEPS = np.array([[-1.0, 2.0], [1.0, 3.0]]), np.diag([0.0, -4.0]), 2.0, 100


def _example() -> tuple[np.ndarray, int]:
    """Spikes of both neurons, and updates of a membrane: none while it is at rest and nothing has arrived."""
    spikes, updates, v = np.zeros((STEPS + 1, 2)), 0, np.zeros(2)
    inputs = np.zeros((STEPS + 1, 2))
    inputs[[1, 3], 1] = 1
    for step in range(1, STEPS + 1):
        drive = inputs[step - 1] @ WEIGHTS + spikes[step - 1] @ LOOP
        updates += int(np.count_nonzero((v != 0) | (drive != 0)))
        v = v + drive
        spikes[step] = v > THRESHOLD
        v = np.where(v > THRESHOLD, 0.0, v)
    return spikes.sum(0), updates


def test_g8_sana_fes_example_costs_what_sana_fe_says():
    """6.44 nJ of 5 synaptic events, 3 packets, 200 visits of neurons; SANA-FE 2.2.9 updates none that is at rest."""
    spikes, updates = _example()
    one = np.ones(2)
    layer = LayerSpec("out", "lif", WEIGHTS, 0 * one, 1e9 * one, THRESHOLD * one, recurrent=LOOP)
    net = NetworkSpec("example", 1e-3, (layer,))
    activity = Activity(1, STEPS * 1e-3, {"out": spikes}, {"out": 0 * one}, 0.1, np.array([0.0, 2.0]))
    core = np.array([0, 1, 0, 0])  # both inputs, then both neurons
    placement = given_placement(hypergraph_of(net, activity), DEMO.limits, DEMO.mesh, core, np.array([0, 1]))
    report = DEMO.price(net, activity, placement)
    parts, counts = report.ledger.parts, report.counts
    assert (counts["synaptic_operations"], counts["messages"], counts["updates"]) == approx((5, 3, 200))
    assert updates == 198
    soma = parts["soma_access"] + parts["soma_update"] + parts["spikes"] - (200 - updates) * 10e-12
    assert parts["synapses"] == approx(0.10e-9, rel=1e-6)
    assert soma == approx(6.04e-9, rel=1e-6)
    assert parts["messages"] + parts["links_east_west"] + parts["links_north_south"] == approx(0.30e-9, rel=1e-6)
    assert report.ledger.total - (200 - updates) * 10e-12 == approx(6.44e-9, rel=1e-6)


def test_g23_cycles_and_clock_of_xylo():
    net = XyloNetwork(16, 100, 8)
    assert step_cycles(net) == 14712
    assert least_clock(net, 10e-3) == approx(1.76544e6)
    assert step_cycles(XyloNetwork(16, 100, 8, input_share=0, hidden_share=0)) == 16 + 300 + 1900 + 96
