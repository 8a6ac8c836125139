"""The neuron of a core deck: every event is a switch, so ngspice finds its time and takes long steps between events.

    C dV/dt = I_in - g_leak V,   latch at V_th, V_reset while a clock counts t_refractory
    synapse line on while the clock lies between delay and delay + t_pulse

A switch shortens the step before its threshold until it is met within 0.05 V (`SWtrunc` of ngspice). The nodes that
switches watch are therefore scaled up: `clk` is 1 V for each tick of time, `cmp` is `GAIN` V over the whole swing.
The comparator's hysteresis is the latch: on at V = V_th, off when the clock has reached t_refractory.

What a spike draws from the supply is drawn here: its output charges c_control + c_reset through a pull-up, and the
first inverter draws i_crowbar while V is within v_crowbar of V_th.
"""

from circuits.network.names import spice_number
from circuits.network.wiring import Wiring
from circuits.units import Seconds

GAIN = 8000.0  # V at `cmp` over the swing: the threshold is met within 0.05 V, 6 millionths of it
LATCH_TICKS = 0.01  # time constant of reset and output, in ticks: the reset leaves microvolts
REST = 1e-3  # of the swing: a membrane held at reset lies closer to it
OFF = "1e18"  # ohm; of an open switch: 1 aA at 1 V

_CELL = """\
.subckt core_neuron mem spk act vdd sup crow rst one vss params: vth={v_threshold} gleak={g_leak}
Cmem mem vss {c_mem} ic={v_reset}
Gleak mem vss mem vss {{gleak}}
* comparator: gain (V_mem - v_reset) - V_clk; on at threshold, off at the end of the refractory time
Gcmp vss cmp mem rst {{{gain}*1u}}
Gclock cmp vss clk vss 1u
Rcmp cmp vss 1meg
.model set sw(vt={{({gain}*(vth-({v_reset}))-{n_refractory})/2}} vh={{({gain}*(vth-({v_reset}))+{n_refractory})/2}}
+ ron={r_reset} roff={off})
.model pull sw(vt={{({gain}*(vth-({v_reset}))-{n_refractory})/2}} vh={{({gain}*(vth-({v_reset}))+{n_refractory})/2}}
+ ron={r_out} roff={off})
.model clear sw(vt={{-({gain}*(vth-({v_reset}))-{n_refractory})/2}} vh={{({gain}*(vth-({v_reset}))+{n_refractory})/2}}
+ ron={r_reset} roff={off})
.model drop sw(vt={{-({gain}*(vth-({v_reset}))-{n_refractory})/2}} vh={{({gain}*(vth-({v_reset}))+{n_refractory})/2}}
+ ron={r_out} roff={off})
Sreset mem rst cmp vss set
* output: charges the gates of control and reset from the supply, and gives their charge to ground
Sup sup spk cmp vss pull
Sdown spk vss vss cmp drop on
Cgates spk vss {c_gates} ic=0
* clock: one volt for each tick since the spike
Gtick vss clk spk vss {i_tick}
Cclk clk vss {c_mem} ic=0
Sclear clk vss vss cmp clear on
* activity of the neuron's line, 0 or 1 V
.model begin sw(vt={n_delay} vh=0 ron=1m roff=1e12)
.model end sw(vt={{-({n_end})}} vh=0 ron=1m roff=1e12)
Sbegin one open clk vss begin
Send open act vss clk end on
Ract act vss 1k
{crowbar}.ends core_neuron
"""

_CROWBAR = """\
* first inverter near its threshold, not while the membrane is held at reset
.model near sw(vt={{max(vth-{v_crowbar},{v_rest})}} vh=0 ron={r_crowbar} roff={off})
Scrow crow vss mem vss near
"""


def core_neuron(wiring: Wiring, delay: Seconds, tick: Seconds) -> str:
    """The subcircuit `core_neuron`. Pins: membrane, output, activity of its line; drain supply, logic supply, supply of
    the crowbar current, reset rail, 1 V, ground. `vth` (V) and `gleak` (S) are parameters of each instance.

    Args:  delay: of the line (s).   tick: resolution of the clock (s).
    """
    circuit = wiring.circuit
    gates, t_latch = circuit.c_control + circuit.c_reset, LATCH_TICKS * tick
    values = {
        "v_threshold": circuit.v_threshold,
        "g_leak": circuit.g_leak,
        "c_mem": circuit.c_mem,
        "v_reset": circuit.v_reset,
        "gain": GAIN / circuit.swing,
        "n_refractory": circuit.t_refractory / tick,
        "r_reset": t_latch / circuit.c_mem,
        "r_out": t_latch / (gates + circuit.c_mem),
        "c_gates": gates,
        "i_tick": circuit.c_mem / tick / circuit.v_dd,
        "n_delay": delay / tick,
        "n_end": (delay + wiring.t_pulse) / tick,
        "v_rest": circuit.v_reset + REST * circuit.swing,
        "v_crowbar": circuit.v_crowbar,
        "r_crowbar": circuit.v_dd / circuit.i_crowbar if circuit.i_crowbar else 1e18,
    }
    numbers = {key: spice_number(value) for key, value in values.items()} | {"off": OFF}
    return _CELL.format(**numbers, crowbar=_CROWBAR.format(**numbers))
