"""Weights as silicon: charge, pulse current and gate bias of each synapse."""

import numpy as np
import pytest

from circuits.device.btbt import DEVICES, btbt_current
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import T_PULSE, SynapseKernel, published_kernel, synapses

WEIGHTS = np.array([[0.5, -0.02], [0.0, 1.0], [-1.0, 1e-3]])


@pytest.mark.parametrize("device", DEVICES.values(), ids=lambda d: d.name)
def test_a_pulse_at_the_gate_bias_delivers_the_charge(device):
    circuit = LIFCircuit(device=device, width=0.3e-6, c_mem=0.8e-15, v_threshold=0.5, v_reset=0.1, v_dd=0.9)
    array = synapses(WEIGHTS, circuit, t_pulse=2e-6)
    present = WEIGHTS != 0
    delivered = btbt_current(device.v_ds - array.v_gs[present], device, 0.3e-6) * 2e-6
    np.testing.assert_allclose(delivered, np.abs(WEIGHTS[present]) * 0.8e-15 * 0.4, rtol=1e-9)
    np.testing.assert_allclose(array.charge, WEIGHTS * 0.8e-15 * 0.4, rtol=1e-12)


def test_charge_keeps_the_sign_and_the_current_is_its_size_over_the_pulse():
    array = synapses(WEIGHTS, LIFCircuit(), T_PULSE)
    assert array.t_pulse == T_PULSE == 1e-6
    assert (np.sign(array.charge) == np.sign(WEIGHTS)).all()
    np.testing.assert_allclose(array.current * 1e-6, np.abs(array.charge), rtol=1e-12)
    np.testing.assert_array_equal(array.v_gs[0, 0], synapses(-WEIGHTS, LIFCircuit(), T_PULSE).v_gs[0, 0])


def test_a_weight_of_zero_has_no_bias_and_a_larger_one_a_stronger_one():
    v_gs = synapses(np.array([0.0, 0.01, 0.1, 1.0]), LIFCircuit(), T_PULSE).v_gs
    assert np.isnan(v_gs[0])
    assert (np.diff(v_gs[1:]) < 0).all()


def test_a_weight_of_one_fires_a_neuron_at_rest():
    circuit = LIFCircuit()
    assert synapses(1.0, circuit, T_PULSE).charge == circuit.c_mem * (circuit.v_threshold - circuit.v_reset)


def test_any_shape_goes_in_and_comes_out():
    for shape in ((), (3,), (2, 3, 4), (0, 5)):
        array = synapses(np.full(shape, 0.1), LIFCircuit(), T_PULSE)
        assert array.charge.shape == array.current.shape == array.v_gs.shape == shape


def test_currents_below_the_floor_of_the_device_are_counted():
    circuit = LIFCircuit()
    floor = circuit.device.i_floor * circuit.width
    weights = np.array([0.0, 0.5, -0.99, 1.01, 30.0]) * floor * T_PULSE / circuit.charge_per_weight
    array = synapses(weights, circuit, T_PULSE)
    assert array.i_floor == floor
    assert array.below_floor == 2


@pytest.mark.parametrize("t_pulse", [0.0, -1e-6, float("nan")])
def test_a_pulse_takes_time(t_pulse):
    with pytest.raises(ValueError, match="t_pulse must be positive"):
        synapses(WEIGHTS, LIFCircuit(), t_pulse)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"order": 1.5}, "order must be 0"),
        ({"tau_inh": 1e-6}, "of order 0 has no tau_inh"),
        ({"order": 1, "tau_exc": 1e-6}, "of order 1 needs tau_inh, got tau_inh = None"),
        ({"order": 1, "tau_exc": 1e-6, "tau_inh": 1e-6, "t_pulse": 1e-6}, "has no t_pulse"),
        ({"order": 2, "tau_exc": 2e-6, "rise_exc": 1e-6, "tau_inh": 1e-6, "rise_inh": -1e-6}, "rise_inh must be pos"),
        ({"order": 2, "tau_exc": 2e-6, "rise_exc": 2e-6, "tau_inh": 2e-6, "rise_inh": 1e-6}, "must differ"),
        ({"t_pulse": 0.0}, "t_pulse must be positive"),
        ({"delay": -1e-6}, "delay must be positive"),
    ],
)
def test_a_kernel_has_the_time_constants_of_its_order_and_no_others(values, message):
    with pytest.raises(ValueError, match=message):
        SynapseKernel(**values)


def test_published_time_constants_run_as_fast_as_the_chip():
    """8 and 4 ms where a synapse excites, 4 and 2 ms where it inhibits."""
    kernel = published_kernel(2, acceleration=1000)
    found = [kernel.times(sign)[name] for sign in (1, -1) for name in ("tau", "tau_rise")]
    assert found == pytest.approx([8e-6, 4e-6, 4e-6, 2e-6], rel=1e-12, abs=0)
    assert published_kernel(1).times(-1) == {"t_pulse": None, "tau": 4e-3, "tau_rise": None}
    assert published_kernel(0, 1000) == SynapseKernel(t_pulse=T_PULSE)
    with pytest.raises(ValueError, match="acceleration must be positive, got 0"):
        published_kernel(2, 0)
