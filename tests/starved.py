"""A neuron whose control circuit follows from its gates: hand-checked numbers, apart from what the product ships."""

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import ControlTransistors

STARVED = LIFCircuit(
    v_gs=-0.5,
    c_mem=0.5e-15,
    v_threshold=0.4,
    g_leak=12.5e-12,
    t_refractory=200e-9,
    v_dd=0.9,
    control=ControlTransistors(
        width=60e-9,
        length=40e-9,
        oxide=1e-9,
        c_wire=0.03e-15,
        c_feedback=0.0,
        i_off=1.35e-6,
        i_on=200.0,
        i_starve=2e-9,
        off_activation_ev=0.47,
        simulated=None,
    ),
)
