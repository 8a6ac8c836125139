"""The Brian2 twin of the neuron: the same circuit as a Brian2 group with units.

    C dv/dt = W A u exp(-B / u) m + i_in + i_syn - g_leak v,   u = V_DS - V_GS - V_0 - body_factor v
    m = g(V_DS - v) / g(V_DS of the fit),   g(V) = V^3 / (drain_body + V^3)

A spike at v > v_threshold, then v = v_reset for t_refractory; v never falls below v_sink. The equation stands here a
second time on purpose: it shares nothing with the simulators of this project, so it checks them. Times lie on the grid
of `dt`: a crossing is seen at the next point of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.transient import Population, population
from circuits.units import Amperes, Seconds, ns
from snn.reference.brian import code_for, load_brian2

if TYPE_CHECKING:
    from brian2 import NeuronGroup
else:
    NeuronGroup = Any  # Brian2 is loaded when first used
EQUATIONS = """
dv/dt = (i_tunnel + i_in + i_syn - g_leak * v) / c_mem : volt (unless refractory)
i_tunnel = width * prefactor * u * exp(-v_slope / u) * m : amp
m = v_db**3 / (drain_body + v_db**3) * (drain_body + v_ds_fit**3) / v_ds_fit**3 : 1
v_db = clip(v_ds - v, 1e-6 * volt, 1000 * volt) : volt
u = clip(v_ds - v_gs - v_onset - body_factor * v, v_slope / 1000, 1000 * volt) : volt  # exp(-1000) = 0: no current
i_in : amp
i_syn : amp
"""
PARAMETERS = {  # one value per neuron, of the circuit and its device
    **dict.fromkeys(("v_gs", "v_ds", "v_ds_fit", "v_slope", "v_onset", "v_threshold", "v_reset", "v_sink"), "volt"),
    "prefactor": "amp / meter / volt",
    "width": "meter",
    "c_mem": "farad",
    "g_leak": "siemens",
    "t_refractory": "second",
    "body_factor": "1",
    "drain_body": "volt**3",
}


@code_for("numpy")
def brian2_neuron(
    circuits: LIFCircuit | Sequence[LIFCircuit] | Population,
    n: int | None = None,
    *,
    i_in: Amperes | np.ndarray = 0.0,
    dt: Seconds = 2 * ns,
    method: str = "rk2",
) -> NeuronGroup:
    """A Brian2 `NeuronGroup` of n neurons of one circuit, or of one each, or of a `Population`, at v_reset.

    Every parameter is a variable of the group, `(neuron,)`, so a spread is `group.c_mem *= factors`.
    Args:  i_in: current (A) beside the tunnelling current.   dt: time step (s).   method: of Brian2's integrators.
    Returns:  the group; put it into a `brian2.Network`, beside a `SpikeMonitor`.
    """
    b2 = load_brian2()
    neurons = circuits if isinstance(circuits, Population) else population(circuits, n)
    if n not in (None, len(neurons)):
        raise InputError(f"the population has {len(neurons)} neurons, n = {n}; leave n out")
    declared = "".join(f"{name} : {unit}\n" for name, unit in PARAMETERS.items())
    group = b2.NeuronGroup(
        len(neurons),
        EQUATIONS + declared,
        threshold="v > v_threshold",
        reset="v = v_reset",
        # Brian2 counts from the start of the step that ends in the spike, and so holds one step less
        refractory="t_refractory + dt",
        method=method,
        dt=dt * b2.second,
    )
    group.run_regularly("v = clip(v, v_sink, v_threshold + 1000 * volt)", when="before_thresholds")
    for name in PARAMETERS:
        setattr(group, f"{name}_", getattr(neurons, name))
    group.v_, group.i_in_ = group.v_reset_[:], i_in
    return group
