"""A bias flows for a whole time step, a synapse for its pulse; each current follows from that."""

import re

import numpy as np
import pytest

from circuits.netlist.veriloga import event_view
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel
from circuits.variation.chip_spread import bias_lines

CIRCUIT, DT, T_PULSE = LIFCircuit(), 8e-6, 2e-6
Q = CIRCUIT.charge_per_weight


def chip():
    layer = LayerSpec("a", "lif", np.array([[0.5]]), np.array([0.25]), np.full(1, CIRCUIT.tau_mem), np.ones(1),
                      np.array([[0.125]]))  # fmt: skip
    return ChipNetwork(
        NetworkSpec("n", DT, (layer,), v_floor=CIRCUIT.v_floor), CIRCUIT, synapse=SynapseKernel(t_pulse=T_PULSE)
    )


def test_devices_of_a_chip_are_timed_by_what_they_drive():
    lines = bias_lines(chip())
    currents = {name: float(array.current.squeeze()) for (_, name), array in lines.items()}
    assert currents["bias"] == pytest.approx(0.25 * Q / DT, rel=1e-12, abs=0)
    assert currents["weights"] == pytest.approx(0.5 * Q / T_PULSE, rel=1e-12, abs=0)
    assert currents["recurrent"] == pytest.approx(0.125 * Q / T_PULSE, rel=1e-12, abs=0)
    assert currents["leak"] == pytest.approx(Q / CIRCUIT.tau_mem, rel=1e-12, abs=0)


def test_wires_of_a_network_are_timed_by_what_they_drive():
    wiring = wire(chip())
    assert wiring.bias == pytest.approx([0.25 * Q / DT], rel=1e-12, abs=0)
    np.testing.assert_allclose(wiring.synapses.ravel(), [0.5 * Q / T_PULSE, 0.125 * Q / T_PULSE], rtol=1e-12)


@pytest.mark.parametrize("dvth", [-0.03, 0.0, 0.05])
def test_the_event_view_crosses_at_its_threshold_plus_the_shift(dvth):
    """The argument of its first `cross`, worked out at the nominal supply: zero at vth + dvth, rising."""
    text = event_view(CIRCUIT, SynapseKernel())
    argument = re.search(r"@\(cross\((.*), \+1\)\)", text)[1].replace("V(mem, vss)", "v")

    def value(v):
        return eval(argument, {"v": v, "vth": CIRCUIT.v_threshold, "dvth": dvth, "high": 1.0})

    assert value(CIRCUIT.v_threshold + dvth) == pytest.approx(0, abs=1e-12)
    assert value(CIRCUIT.v_threshold + dvth + 0.01) == pytest.approx(0.01)
