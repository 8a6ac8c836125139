"""The neuron and the line of its synapses as SPICE text, once: every event is a switch, found whatever the step.

    C dV/dt = I_in - g_leak V,   latch at V_th, V_reset while a clock counts the refractory time
    line on from `tdelay` to `tdelay` + `tline` after the spike

A switch shortens the step before its threshold until it is met within 0.05 V (`SWtrunc` of ngspice). The nodes that
switches watch are therefore scaled up: `cmp` is `GAIN` V over the swing, `clk` is `CLOCK` V over the refractory time.
The comparator's hysteresis is the latch: on at V = V_th, off when the clock has reached its end.

A spike charges the gates of control and reset through a pull-up from the logic supply; while V is within v_crowbar of
V_th the first inverter draws i_crowbar, and the static current flows all the time.
"""

from collections.abc import Mapping

from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Farads, Seconds

GAIN, CLOCK = 2000.0, 1000.0  # V: the threshold is met within 25 millionths of the swing
SETTLE = "0.1*tlatch"  # time constant of reset and output: no ringing after an event, no rest of the swing at its end
REST = 1e-3  # of the swing: a membrane held at reset lies closer to it
METER: Farads = 1e-12  # of the capacitor that integrates the current of a supply
DEVICE = ("w", "a", "b", "v0", "bodyf", "dtunnel")  # parameters of the tunnelling current

OPTIONS = """\
* the switches choose the step, not the truncation error: between events every current is constant
.options method=gear reltol=1e-4 vntol=1e-6 abstol={abstol} chgtol=1 gmin=1e-20 pivtol=1e-30
"""

TUNNEL = """\
* tunnelling current at a drain-gate voltage
.func tunnel(dg) {w*a*max(dg-v0+dtunnel,1m)*exp(-b/max(dg-v0+dtunnel,1m))}
"""

_CELL = """\
.subckt btbt_cell mem spk clk rst logic crow stat vss params:
{params}
Cmem mem vss {{cmem*kcmem}} ic={{vreset}}
Gleak mem vss mem vss {{gleak}}
* comparator: scale (V_mem - vreset) - V_clk; on at threshold, off at the end of the clock
.param scale={{{gain}/(vth-vreset)}}
Gcmp vss cmp mem rst {{scale*1u}}
Gclock cmp vss clk vss 1u
Rcmp cmp vss 1meg
.model on sw(vt={{{low}}} vh={{{high}}} ron={{{settle}/cmem}} roff={off})
.model off sw(vt={{-({low})}} vh={{{high}}} ron={{{settle}/cmem}} roff={off})
.model pull sw(vt={{{low}}} vh={{{high}}} ron={{{settle}/(cgate+cmem)}} roff={off})
.model drop sw(vt={{-({low})}} vh={{{high}}} ron={{{settle}/(cgate+cmem)}} roff={off})
Sreset mem rst cmp vss on
* output: charges the gates of control and reset from the supply, and gives their charge to ground
Sup logic spk cmp vss pull
Sdown spk vss vss cmp drop on
Cgate spk vss {{cgate}} ic=0
* clock: runs while the output is high
Gtick vss clk spk vss {{cmem*{clock}/tpulse/vspk}}
Cclk clk vss {{cmem}} ic=0
Sclear clk vss vss cmp off on
* first inverter near its threshold, not while the membrane is held at reset; leak of the transistors that are off
.model near sw(vt={{scale*(max(vth+dvth-vcrow,vreset+{rest}*(vth-vreset))-vreset)}} vh=0
+ ron={{vspk/max(icrow,1e-30)}} roff={off})
Scrow crow vss cmp vss near
Istat stat vss {{istat}}
.ends btbt_cell
"""

_NEURON = """\
.subckt btbt_lif mem spk gate vdd vss logic params:
{params}
* tunnelling current from the drain supply into the floating body, which takes bodyf V_mem off V_DG
{tunnel}Btun vdd mem I = tunnel(V(vdd,gate)-bodyf*V(mem,vss))
Vrst rst vss {{vreset}}
Xcell mem spk clk rst logic logic logic vss btbt_cell
{passed}
.ends btbt_lif
"""

_LINE = """\
.subckt btbt_line clk act vss params: tpulse={tpulse} tdelay={tdelay} tline={tline}
.model wait sw(vt={{-{clock}*tdelay/tpulse}} vh=0 ron=1u roff=1e12)
Iact vss act 1m
Ract act vss 1k
{idle}.ends btbt_line
"""

_WITHIN = """\
* active, 1 V, unless the clock of its neuron lies before tdelay or beyond tdelay + tline
.model over sw(vt={{{clock}*(tdelay+tline)/tpulse}} vh=0 ron=1u roff=1e12)
Swait act vss vss clk wait on
Sover act vss clk vss over
"""

_BEYOND = """\
* active, 1 V, while the clock of its neuron lies beyond tdelay, and until a timer that starts when the clock is cleared
* has counted the rest of tline
.model hold sw(vt={{{clock}*tdelay/tpulse}} vh=0 ron=1m roff=1e18)
.model done sw(vt={clock} vh=0 ron=1u roff=1e12)
Gcount vss timer act vss {{{clock}*1f/(tdelay+tline-tpulse)}}
Ccount timer vss 1f ic={{2*{clock}}}
Shold timer vss clk vss hold
Swait idle vss vss clk wait on
Sdone act idle timer vss done on
"""


def cell_parameters(circuit: LIFCircuit, t_pulse: Seconds, t_latch: Seconds) -> dict[str, float]:
    """Parameters of `btbt_lif` in every dialect, SI units: device, membrane, latch, shifts of corner and mismatch."""
    return {
        "w": circuit.width,
        "a": circuit.device.prefactor,
        "b": circuit.device.v_slope,
        "v0": circuit.device.v_onset,
        "bodyf": circuit.body_factor,
        "cmem": circuit.c_mem,
        "gleak": circuit.g_leak,
        "vth": circuit.v_threshold,
        "vreset": circuit.v_reset,
        "vspk": circuit.v_dd,
        "tpulse": t_pulse,
        "tlatch": t_latch,
        "dtunnel": 0.0,
        "dvth": 0.0,
        "kcmem": 1.0,
    }


def supply_parameters(circuit: LIFCircuit) -> dict[str, float]:
    """What the SPICE cell draws from the logic supply: gates (F), crowbar (A, V) and static current (A)."""
    return {
        "cgate": circuit.c_control + circuit.c_reset,
        "icrow": circuit.i_crowbar,
        "vcrow": circuit.v_crowbar,
        "istat": circuit.static_power / circuit.v_dd,
    }


def cell(parameters: Mapping[str, float]) -> str:
    """The subcircuit `btbt_cell`: a neuron without what drives it.

    Pins: membrane, output, clock, reset rail, logic supply and those of the crowbar and of the static current, ground.
    Args:  parameters: `cell_parameters` and `supply_parameters`, its defaults.
    """
    span, clock = "scale*(vth+dvth-vreset)", spice_number(CLOCK)
    return _CELL.format(
        params=_defaults({name: value for name, value in parameters.items() if name not in DEVICE}),
        low=f"({span}-{clock})/2", high=f"({span}+{clock})/2", clock=clock, gain=spice_number(GAIN), rest=REST,
        settle=SETTLE, off="1e18",
    )  # fmt: skip


def neuron(parameters: Mapping[str, float]) -> str:
    """The subcircuit `btbt_lif`: `btbt_cell` charged by its own tunnelling device.

    Pins: membrane, output, gate, drain supply at the device's V_DS, ground, logic supply at V_DD.
    """
    passed = "+ " + " ".join(f"{name}={{{name}}}" for name in parameters if name not in DEVICE)
    return cell(parameters) + _NEURON.format(params=_defaults(parameters), tunnel=TUNNEL, passed=passed)


def line(t_refractory: Seconds, delay: Seconds, t_line: Seconds) -> str:
    """The subcircuit `btbt_line`: from the clock of a neuron to the activity of its line, 0 or 1 V.

    A pulse that outlasts the refractory time has a timer of its own, so pulses of a line that overlap are one.
    """
    values = {"tpulse": t_refractory, "tdelay": delay, "tline": t_line}
    numbers = {name: spice_number(value) for name, value in values.items()} | {"clock": spice_number(CLOCK)}
    idle = _BEYOND if delay + t_line > t_refractory * (1 + 1e-9) else _WITHIN
    return _LINE.format(idle=idle.format(**numbers), **numbers)


def supply(name: str, node: str, voltage: float | str) -> str:
    """A source and its meter: charge (C) is the voltage of node `q_<name>` times `METER`."""
    return f"V{name} {node} 0 {voltage}\nF{name} q_{name} 0 V{name} 1\nC{name} q_{name} 0 {spice_number(METER)} ic=0\n"


def _defaults(parameters: Mapping[str, float]) -> str:
    return "\n".join(f"+ {name}={spice_number(value)}" for name, value in parameters.items())
