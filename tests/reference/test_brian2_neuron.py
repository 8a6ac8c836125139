"""Brian2, an independent simulator with units, fires the same circuit at the period of the closed form."""

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Brian2 2.9 uses names that pyparsing has deprecated
    import brian2 as b2

from circuits.neuron import LIFCircuit, period

DT = 20e-9  # s
EQUATIONS = """
dv/dt = (i_in - g_leak * v) / c_mem : volt (unless refractory)
i_in : amp (constant)
"""


def _spike_trains(circuit: LIFCircuit, currents: np.ndarray, duration: float) -> list[np.ndarray]:
    """Spike times (s) of one Brian2 neuron per current, from reset at t = 0; exact integration on the grid of DT."""
    b2.prefs.codegen.target = "numpy"  # no compiler needed
    constants = {
        "g_leak": circuit.g_leak * b2.siemens,
        "c_mem": circuit.c_mem * b2.farad,
        "v_threshold": circuit.v_threshold * b2.volt,
        "v_reset": circuit.v_reset * b2.volt,
    }
    neurons = b2.NeuronGroup(
        len(currents),
        EQUATIONS,
        threshold="v > v_threshold",
        reset="v = v_reset",
        # Brian2 counts from the start of the step that ends in the spike, and so holds one step less
        refractory=(circuit.t_refractory + DT if circuit.t_refractory else 0) * b2.second,
        method="exact",
        namespace=constants,
        dt=DT * b2.second,
    )
    neurons.v, neurons.i_in = circuit.v_reset * b2.volt, currents * b2.amp
    monitor = b2.SpikeMonitor(neurons)
    b2.Network(neurons, monitor).run(duration * b2.second, namespace={})
    return [np.asarray(train / b2.second) for train in monitor.spike_trains().values()]


@pytest.mark.parametrize(
    "circuit",
    [
        LIFCircuit(),
        LIFCircuit(c_mem=0.9e-15, v_threshold=0.35, v_reset=0.05, g_leak=30e-12, t_refractory=1e-6),
        LIFCircuit(g_leak=2e-12, v_reset=-0.1, v_sink=-0.3, t_refractory=0.0),
    ],
    ids=["default", "leaky", "reset below ground"],
)
def test_periods_at_five_currents_agree_within_one_step(circuit):
    """The crossing is seen at the next step of the grid, so every interval is longer by less than DT."""
    currents = circuit.rheobase + np.array([4e-12, 8e-12, 16e-12, 31e-12, 50e-12])
    expected = np.array([period(circuit, i_in) for i_in in currents])
    trains = _spike_trains(circuit, currents, 3.1 * expected.max())
    late = np.array([np.diff(train)[:2] for train in trains]) - expected[:, None]
    assert (late > -1e-12).all()
    assert (late < DT + 1e-12).all()


def test_below_rheobase_it_is_silent_in_brian2_too():
    """For 6 time constants at 1 % below; at 1 % above it fires after ln(101) = 4.6 of them."""
    circuit = LIFCircuit()
    silent, firing = _spike_trains(circuit, circuit.rheobase * np.array([0.99, 1.01]), 6 * circuit.tau_mem)
    assert period(circuit, 0.99 * circuit.rheobase) == np.inf
    assert silent.size == 0
    assert firing.size > 0
