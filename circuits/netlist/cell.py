"""The neuron and the line of its synapses as SPICE text, once: every event is a switch, found whatever the step.

    C dV/dt = I_in - g_leak V,   latch at V_th, V_reset while a clock counts the refractory time
    line on from `tdelay` to `tdelay` + `tline` after the spike

A switch shortens the step before its threshold until it is met within 0.05 V (`SWtrunc` of ngspice). The nodes that
switches watch are therefore scaled up: `cmp` is `GAIN` V over the swing, `clk` is `CLOCK` V over the refractory time.
The comparator's hysteresis is the latch: on at V = V_th, off at the end of the clock. So the cell needs no option of
the simulator; a start-up pulse gives it an operating point, at rest, with `uic` and without. Between events all of it
is linear, so a step costs little.

The threshold follows the logic supply; tunnelling, leak, off-currents and crowbar window follow the temperature of the
simulator (`temper`), as `at_supply` and `at_temperature` have them.

A spike charges the gates of control and reset through a pull-up from the logic supply; while V is within v_crowbar of
V_th the first inverter draws i_crowbar, and the static current flows all the time.

Every subcircuit carries a key of what it holds in its name, so any two hand-overs stand in one deck.
"""

from collections.abc import Mapping

from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.units import BOLTZMANN, ZERO_CELSIUS, Farads, Seconds, eV

GAIN, CLOCK = 2e6, 100.0  # V: the threshold is met within 0.05 V of 2 MV, far sooner than the reset settles
SCALE = 2000.0  # V over the swing, of what needs no such care
PULL = 0.8  # of GAIN: the end of the clock pulls so far down; below GAIN, or its release would look like a spike
LATCH = 1.4  # of GAIN, below threshold: where the latch lets go; a held membrane lies GAIN V_DD / V_DD0 below
SETTLED = 1e-4  # of the swing: the reset is followed so far down, else the trapezoidal rule would ring for ever
TICK: Farads = 1e-18  # of clock and timer: the charge of both is less than what the solver takes for none
METER: Farads = 1e-12  # of the capacitor that integrates the current of a supply
OFF = "1e21"  # ohm, of an open switch
DEVICE = ("w", "a", "b", "v0", "bodyf", "cbody", "vfit", "eatun", "dtunnel")  # parameters of the tunnelling current

# An activation energy (eV) times `heat` is the exponent of its Arrhenius factor
HEAT = f".param kelvin={{temper+{ZERO_CELSIUS}}} heat={{(1/t0-1/kelvin)/{spice_number(BOLTZMANN / eV)}}}\n"

# The least u keeps the exponential finite below onset, where it is zero
TUNNEL = ".func tunnel_{key}(dg) {{w*a*max(dg-v0+dtunnel,1m)*exp(-b/max(dg-v0+dtunnel,1m))}}\n"

_CELL = """\
.subckt btbt_cell_{key} mem spk clk rst logic crow stat vss params:
{params}
{heat}Cmem mem vss {{cmem*kcmem}} ic={{vreset}}
.model leak r(r={{exp(-ealeak*heat)/max(gleak,1e-30)}})
Rleak mem vss leak
* start-up: membrane and clock at rest for the latch time, and in the operating point
Istart vss start PWL(0 1u {{tlatch}} 1u {{1.01*tlatch}} 0)
Rstart start vss 1meg
.model begin sw(vt=0.5 vh=0 ron={{tlatch/cmem}} roff={off})
Sbegin mem rst start vss begin
* comparator: {gain} V over the swing, 0 at threshold, where it latches; off where the clock's end pulls it down
Gth vss th logic vss {{1u*(vth+dvth)/vdd0}}
Rth th vss 1meg
Gcmp vss cmp mem th {{1u*{gain}/(vth-vreset)}}
Gend cmp vss end vss {{1u*{pull}}}
Rcmp cmp vss 1meg
.model on sw(vt=-{half} vh={half} ron={{tlatch/cmem}} roff={off})
.model up sw(vt=-{half} vh={half} ron={{tlatch/(cgate+cmem)}} roff={off})
.model down sw(vt={half} vh={half} ron={{tlatch/(cgate+cmem)}} roff={off})
.model latched sw(vt=-{half} vh={half} ron=1 roff={off})
.model open sw(vt={half} vh={half} ron=1 roff={off})
.model clear sw(vt={half} vh={half} ron={{3e-4*tpulse/{tick}}} roff={off})
Sreset mem rst cmp vss on off
* output: charges the gates of control and reset from the supply, and gives their charge to ground
Sup logic spk cmp vss up off
Sdown spk vss vss cmp down on
Cgate spk vss {{cgate}} ic=0
* clock: runs while the latch is set, and ends it at {clock} V
Ilatch vss latch 1u
Rlatch latch vss 1meg
Slatch latch vss vss cmp open on
Gtick vss clk latch vss {{{tick}*{clock}/tpulse}}
Cclk clk vss {tick} ic=0
Sclear clk vss vss cmp clear on
Iend vss end 1u
Rend end vss 1meg
.model within sw(vt=-{clock} vh=0 ron=1 roff={off})
Send end vss vss clk within on
* the step follows the membrane down to reset, and the clock down to zero
Gsettle vss settle mem rst {{1u/({settled}*(vth-vreset))}}
Gcleared vss settle clk vss {{1u/({settled}*{clock})}}
Rsettle settle vss 1meg
.model watch sw(vt=1 vh=0 ron=1 roff={off})
Swatch vss vss settle vss watch
* first inverter within win of its threshold, not while the membrane is held at reset
Iwin vss win 1u
.model window r(r={{max(vcrow,1n)*1meg*kelvin/t0}})
Rwin win vss window
Gnear vss near mem th {{1u*{scale}/(vth-vreset)}}
Gwin vss near win vss {{1u*{scale}/(vth-vreset)}}
Rnear near vss 1meg
.model away sw(vt=0 vh=0 ron=1 roff={off})
Iclose vss close 1u
Rclose close vss 1meg
Saway close vss vss near away on
Sheld close vss cmp vss latched off
Gcrow crow vss close vss {{icrow}}
* leak of the transistors that are off, by its part at t0
Ioff vss warm 1u
.model idle r(r={{1meg*(exp(eaoff*heat)*istat+exp(eadrain*heat)*ioff*10^(vgs*t0/(ss*kelvin))+1e-40)
+ /(istat+ioff+1e-40)}})
Rwarm warm vss idle
Gstat stat vss warm vss {{istat+ioff}}
.ends
"""

_NEURON = """\
.subckt btbt_lif_{key} mem spk gate vdd vss logic params:
{params}
{heat}{tunnel}* tunnelling current from the drain supply into the floating body, which takes bodyf V_mem off V_DG
* and BSIM's drain-body factor, relative to the drain voltage of the fit
.func body_{key}(v) {{v*v*v/(cbody+v*v*v)*(cbody+vfit^3)/vfit^3}}
Btun vdd mem I = tunnel_{key}(V(vdd,gate)-bodyf*V(mem,vss))*exp(eatun*heat)*body_{key}(max(V(vdd,mem),1u))
Vrst rst vss {{vreset}}
Xcell mem spk clk rst logic logic logic vss btbt_cell_{key}
{passed}
.ends
"""

_LINE = """\
.subckt btbt_line_{key} clk act vss params: tpulse={tpulse} tdelay={tdelay} tline={tline} t0={t0} eatun={eatun}
{heat}.model wait sw(vt={{-{clock}*tdelay/tpulse}} vh=0 ron=1u roff=1e12)
Ion vss on 1m
Ron on vss 1k
{idle}* as strong as the devices are at this temperature
Gact vss act on vss 1m
.model active r(r={{1k*exp(eatun*heat)}})
Ract act vss active
.ends
"""

_WITHIN = """\
* on, 1 V, unless the clock of its neuron lies before tdelay or beyond tdelay + tline
.model over sw(vt={{{clock}*(tdelay+tline)/tpulse}} vh=0 ron=1u roff=1e12)
Swait on vss vss clk wait on
Sover on vss clk vss over
"""

_BEYOND = """\
* on, 1 V, while the clock of its neuron lies beyond tdelay, and until a timer that starts when the clock is cleared
* has counted the rest of tline
.model hold sw(vt={{{clock}*tdelay/tpulse}} vh=0 ron={{3e-4*tpulse/{tick}}} roff={off})
.model done sw(vt={clock} vh=0 ron=1u roff=1e12)
Gcount vss timer on vss {{{clock}*{tick}/(tdelay+tline-tpulse)}}
Ccount timer vss {tick} ic={{2*{clock}}}
Shold timer vss clk vss hold
Gheld vss held timer vss {{1u/({settled}*{clock})}}
Rheld held vss 1meg
.model watch sw(vt=1 vh=0 ron=1 roff={off})
Swatch vss vss held vss watch
Swait idle vss vss clk wait on
Sdone on idle timer vss done on
"""


def cell_parameters(circuit: LIFCircuit, t_pulse: Seconds, t_latch: Seconds) -> dict[str, float]:
    """Parameters of a neuron in every dialect, SI units: device, membrane, latch, shifts of corner and mismatch."""
    return {
        "w": circuit.width,
        "a": circuit.device.prefactor,
        "b": circuit.device.v_slope,
        "v0": circuit.device.v_onset,
        "bodyf": circuit.body_factor,
        "cbody": circuit.device.drain_body,
        "vfit": circuit.device.v_ds_fit,
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
    """What the SPICE cell adds: its logic supply, gates (F), crowbar (A, V), off-currents (A), and their temperatures.

    `t0` is the temperature (K) of all values, `ea...` an activation energy (eV).
    """
    device = circuit.device
    return {
        "vdd0": circuit.v_dd,
        "cgate": circuit.c_control + circuit.c_reset,
        "icrow": circuit.i_crowbar,
        "vcrow": circuit.v_crowbar,
        "istat": circuit.i_static,
        "ioff": circuit.width * device.i_off if circuit.drain_leak else 0.0,
        "vgs": circuit.v_gs,
        "ss": device.subthreshold_swing or 1.0,
        "t0": device.temperature,
        "eatun": device.activation_ev,
        "ealeak": circuit.leak_activation_ev,
        "eaoff": circuit.control.off_activation_ev,
        "eadrain": device.off_activation_ev,
    }


def cell(parameters: Mapping[str, float], key: str) -> str:
    """The subcircuit `btbt_cell_KEY`: a neuron without what drives it.

    Pins: membrane, output, clock, reset rail, logic supply and those of the crowbar and of the static current, ground.
    Args:  parameters: `cell_parameters` and `supply_parameters`, its defaults.   key: of what it holds.
    """
    own = {name: value for name, value in parameters.items() if name not in DEVICE}
    return _CELL.format(
        key=key, params=_defaults(own), heat=HEAT, off=OFF,
        gain=spice_number(GAIN), pull=spice_number(PULL * GAIN), half=spice_number(LATCH * GAIN / 2),
        scale=spice_number(SCALE), settled=spice_number(SETTLED), clock=spice_number(CLOCK), tick=spice_number(TICK),
    )  # fmt: skip


def neuron(parameters: Mapping[str, float], key: str) -> str:
    """The subcircuit `btbt_lif_KEY`: `btbt_cell_KEY` charged by its own tunnelling device.

    Pins: membrane, output, gate, drain supply at the device's V_DS, ground, logic supply at V_DD.
    """
    passed = "+ " + " ".join(f"{name}={{{name}}}" for name in parameters if name not in DEVICE)
    tunnel = TUNNEL.format(key=key)
    return cell(parameters, key) + _NEURON.format(
        key=key, params=_defaults(parameters), heat=HEAT, tunnel=tunnel, passed=passed
    )


def line(circuit: LIFCircuit, delay: Seconds, t_line: Seconds, key: str) -> str:
    """The subcircuit `btbt_line_KEY`: from the clock of a neuron to the activity of its line, 0 or 1 V.

    Away from the temperature of the circuit 1 V is as much more as its devices give. A pulse that outlasts the
    refractory time has a timer of its own, so pulses of a line that overlap are one.
    """
    held, device = circuit.t_refractory, circuit.device
    values = {"tpulse": held, "tdelay": delay, "tline": t_line, "t0": device.temperature, "eatun": device.activation_ev}
    numbers = {name: spice_number(value) for name, value in values.items()} | {
        "clock": spice_number(CLOCK),
        "tick": spice_number(TICK),
        "off": OFF,
        "settled": spice_number(SETTLED),
    }
    idle = _BEYOND if delay + t_line > held * (1 + 1e-9) else _WITHIN
    return _LINE.format(idle=idle.format(**numbers), key=key, heat=HEAT, **numbers)


def supply(name: str, node: str, voltage: float | str) -> str:
    """A source and its meter: charge (C) is the voltage of node `q_<name>` times `METER`.

    The initial condition is that of the node, not of the capacitor, so it holds without `uic` too.
    """
    meter = f"F{name} q_{name} 0 V{name} 1\nC{name} q_{name} 0 {spice_number(METER)}\n.ic v(q_{name})=0\n"
    return f"V{name} {node} 0 {voltage}\n{meter}"


def _defaults(parameters: Mapping[str, float]) -> str:
    return "\n".join(f"+ {name}={spice_number(value)}" for name, value in parameters.items())
