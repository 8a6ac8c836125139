"""The neuron as SPICE text, once: every event is a switch, found whatever the step.

    C dV/dt = I_in - g_leak V,   latch at V_th, V_reset while a clock counts the refractory time

A switch shortens the step before its threshold until it is met within 0.05 V (`SWtrunc` of ngspice), and each halving
costs steps of the whole deck. So what switches watch is scaled up as far as is needed and no further: `cmp` is `gain` V
over the swing, so that the threshold is met within `tlatch`; `clk` is `clock` V over the refractory time.

The latch sets where `cmp` meets its threshold, and ties `cmp` to where the clock will end it, whatever the comparator
says meanwhile. The trapezoidal rule rings where a step is longer than twice a time constant:
`guard` lets no step pass in which the membrane would swing far past its reset, and while steps grow, and shrink again
before the next event, what is left dies. So the cell needs no option of the simulator. At the operating point the
membrane is held at reset, with `uic` and without. Between events all of it is linear.

The threshold follows the logic supply, but not below `LOW` of it; tunnelling, leak and crowbar window follow the
temperature of the simulator (`temper`); refractory time, crowbar and off-currents follow both, as `at_supply` and
`at_temperature` have them. A refractory time that is longer or shorter moves the end of the latch, not the clock.

A spike charges the gates of control and reset from the logic supply; while V is within v_crowbar of V_th the first
inverter draws i_crowbar, and the static current flows all the time. The drain supply pays for tunnelling and the
drain's off-current.

Every subcircuit carries a hash of its text in its name, so any two hand-overs stand in one deck.
"""

import hashlib
from collections.abc import Iterable, Mapping

from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.units import BOLTZMANN, ZERO_CELSIUS, Farads, Seconds, eV

PART = 0.15  # of the comparator, that finds the crowbar window
# V: a current that a switch turns on flows from half the step on that found it, which is so much before the threshold
# was met, on average over where in the step that was; so the thresholds lie later by it
LATE = 0.05
CLEAR = 5e-3  # of the refractory time: the time constant that empties the clock, and by which it is ahead
MOST_GAIN = 2e6  # V over the swing
PER_LATCH = 0.2  # V of `cmp` in a latch time, at a typical slope: the last step before a spike is about as long
ROUT = 1e3  # ohm, of the output; far below a load's, far above a supply's
LOW = 0.3  # of the swing, at the nominal supply: where the threshold stays when the supply is lower
TICK: Farads = 1e-18  # of clock and timer: the charge of both is less than what the solver takes for none
METER: Farads = 1e-12  # of the capacitor that integrates the current of a supply
OFF = "1e21"  # ohm, of an open switch
DEVICE = ("w", "a", "b", "v0", "bodyf", "cbody", "vfit", "eatun", "dtunnel")  # parameters of the tunnelling current
KEY = "@KEY@"  # where the hash of a text goes
SHARED = (  # those of what the cells of a core share
    "istat", "ioff", "vgs", "ss", "vdd0", "eaoff", "eadrain", "nstat", "eacrow", "ncrow", "tswitch", "easwitch",
    "nswitch",
)  # fmt: skip
COMMON = ("tpulse", "tlatch", "vth", "vreset", "t0")  # those that a cell has too

# An activation energy (eV) times `heat` is the exponent of its Arrhenius factor
HEAT = f".param kelvin={{temper+{ZERO_CELSIUS}}} heat={{(1/t0-1/kelvin)/{spice_number(BOLTZMANN / eV)}}}\n"

# The least u keeps the exponential finite below onset, where it is zero
TUNNEL = ".func tunnel_{key}(dg) {{w*a*max(dg-v0+dtunnel,1m)*exp(-b/max(dg-v0+dtunnel,1m))}}\n"

_SHARED = """\
* what n cells share: start-up, supply as the comparators see it, end of the latches, crowbar, off-currents
.subckt btbt_shared_{key} start level later drive logic vdd stat vss params: n=1
{params}
{heat}Vstart start vss PWL(0 1 {{1m*tlatch}} 0)
Blevel level vss V = max(V(logic,vss)/vdd0,{{(vreset+{low}*(vth-vreset))/vth}})
* where the clock ends a latch, less 1 V: {clock} V further for each refractory time by which that is longer
Blater later vss V = {{{clock}*(1+{clear}+(tlatch-tswitch)/tpulse)+{late}-1}}
+ +{{{clock}*tswitch/tpulse*exp(easwitch*heat)}}*pwr(max(V(level,vss),0.1),nswitch)
* factor on the crowbar current
Bdrive drive vss V = exp(eacrow*heat)*pwr(max(V(level,vss),0.1),ncrow)
* transistors that are off: those of the inverters, and the tunnelling one, from the drain supply
Bstat stat vss I = n*exp(eaoff*heat)*istat*pwr(max(V(level,vss),0.1),nstat)
Bdrain vdd vss I = n*exp(eadrain*heat)*ioff*10^(vgs*t0/(ss*kelvin))
.ends
"""

_CELL = """\
.subckt btbt_cell_{key} mem spk clk rst start level later drive logic crow vss params:
{params}
{heat}Cmem mem vss {{cmem*kcmem}} ic={{vreset}}
.model leak r(r={{exp(-ealeak*heat)/max(gleak,1e-30)}})
Rleak mem vss leak
* operating point: the membrane at reset
.model begin sw(vt=0.5 vh=0 ron={{tlatch/cmem}} roff={off})
Sbegin mem rst start vss begin
* comparator: {gain} V over the swing, 1 V at threshold; there the latch sets and ties it to where the clock ends that
Gcmp vss cmp mem vss {{1u*{gain}/(vth-vreset)}}
Gth cmp vss level vss {{1u*{gain}*(vth+dvth)/(vth-vreset)}}
Iset vss cmp {{1u*(1-{late})}}
Rcmp cmp part {{1meg*(1-{part})}}
Rpart part vss {{1meg*{part}}}
.model latched sw(vt=0 vh=1 ron=1m roff={off})
Slatch cmp later cmp clk latched off
* the membrane is held a latch time longer: so far it follows its input meanwhile
.model on sw(vt=0 vh=1 ron={{tlatch/cmem}} roff={off})
Sreset mem rst cmp clk on off
.model guard sw(vt={{-0.25*(vth-vreset)}} vh=0 ron=1 roff={off})
Sguard vss vss mem rst guard on
* output, and the gates of control and reset, charged from the supply and discharged to ground
.model up sw(vt=0 vh=1 ron={rout} roff={off})
.model down sw(vt=0 vh=1 ron={rout} roff={off})
Sup logic spk cmp clk up off
Sdown spk vss clk cmp down on
Rgate spk gates {{tlatch/max(cgate,1e-21)}}
Cgate gates vss {{cgate}} ic=0
* clock: {clock} V over tpulse while the latch is set; its capacitor empties through a resistor, unseen at clk
Itick vss clk {{{tick}*{clock}/tpulse}}
Rclk clk ramp {{{clear}*tpulse/{tick}}}
Cclk ramp vss {tick} ic=0
.model clear sw(vt=0 vh=1 ron=1 roff={off})
Sclear clk vss clk cmp clear on
* first inverter within vcrow of its threshold, not while the latch is set
Rnear drive near 1meg
.model away sw(vt={{{part}*({gain}*max(vcrow,1n)/(vth-vreset)*kelvin/t0-1+{late})-{late}/2}} vh=0 ron=1 roff={off})
Saway near vss vss part away on
Sheld near vss cmp clk latched off
Gcrow crow vss near vss {{icrow}}
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
Xshared start level later drive logic vdd logic vss btbt_shared_{cell}
{shared}
Xcell mem spk clk rst start level later drive logic logic vss btbt_cell_{cell}
{passed}
.ends
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
        "tpulse": t_pulse,
        "tlatch": t_latch,
        "dtunnel": 0.0,
        "dvth": 0.0,
        "kcmem": 1.0,
    }


def supply_parameters(circuit: LIFCircuit) -> dict[str, float]:
    """What the SPICE cell adds: its logic supply, gates (F), crowbar (A, V), off-currents (A), and their laws.

    `t0` is the temperature (K) of all values, `ea...` an activation energy (eV), `n...` an exponent of the supply.
    """
    device, simulated = circuit.device, circuit.control.simulated
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
        "eaoff": circuit.control.static_activation_ev,
        "eadrain": device.off_activation_ev,
        "nstat": simulated.static_exponent if simulated else 0.0,
        "eacrow": simulated.crowbar_activation_ev if simulated else 0.0,
        "ncrow": simulated.crowbar_exponent if simulated else 0.0,
        "tswitch": circuit.control.switched(circuit.t_refractory),
        "easwitch": simulated.switch_activation_ev if simulated else 0.0,
        "nswitch": simulated.switch_exponent if simulated else 0.0,
    }


def cell(parameters: Mapping[str, float], gain: float, clock: float) -> tuple[str, str]:
    """The subcircuits `btbt_shared_KEY` and `btbt_cell_KEY`, what cells share and a neuron without what drives it.

    Pins of the cell: membrane, output, clock, reset rail, the five nodes of what is shared, logic supply and that of
    the crowbar, ground.
    Args:  parameters: `cell_parameters` and `supply_parameters`, its defaults.   gain: as `comparator_gain`.
    clock: V over the refractory time, whose end is met within 0.1 V.
    Returns:  KEY, the hash of the text, and the text.
    """
    own = {name: value for name, value in parameters.items() if name not in (*DEVICE, *SHARED)}
    texts = numbers(clock, gain=gain, part=PART, low=LOW, rout=ROUT)
    shared = _SHARED.format(params=_defaults({name: parameters[name] for name in (*COMMON, *SHARED)}), **texts)
    return keyed(shared + _CELL.format(params=_defaults(own), **texts))


def comparator_gain(rise: Seconds, t_latch: Seconds, least: float) -> float:
    """V of the comparator over the swing, so that a threshold is met within a latch time by a membrane this slow."""
    return min(max(PER_LATCH * rise / t_latch, least), MOST_GAIN)


def neuron(parameters: Mapping[str, float], gain: float, clock: float) -> tuple[str, str]:
    """The subcircuit `btbt_lif_KEY`, a cell charged by its own tunnelling device: KEY and text, the cell's before it.

    Pins: membrane, output, gate, drain supply at the device's V_DS, ground, logic supply at V_DD.
    """
    key, inner = cell(parameters, gain, clock)
    shared = _passed(name for name in parameters if name in (*COMMON, *SHARED))
    passed = _passed(name for name in parameters if name not in (*DEVICE, *SHARED))
    own, text = keyed(_NEURON.format(
        key=KEY, cell=key, params=_defaults(parameters), heat=HEAT, tunnel=TUNNEL.format(key=KEY), shared=shared,
        passed=passed,
    ))  # fmt: skip
    return own, inner + text


def keyed(text: str) -> tuple[str, str]:
    """The hash of a text, and the text with it for each `KEY`: no other text has the names in it."""
    key = hashlib.sha256(text.encode("ascii")).hexdigest()[:12]
    return key, text.replace(KEY, key)


def supply(name: str, node: str, voltage: float | str) -> str:
    """A source and its meter: charge (C) is the voltage of node `q_<name>` times `METER`.

    The initial condition is that of the node, not of the capacitor, so it holds without `uic` too.
    """
    meter = f"F{name} q_{name} 0 V{name} 1\nC{name} q_{name} 0 {spice_number(METER)}\n.ic v(q_{name})=0\n"
    return f"V{name} {node} 0 {voltage}\n{meter}"


def _defaults(parameters: Mapping[str, float]) -> str:
    return "\n".join(f"+ {name}={spice_number(value)}" for name, value in parameters.items())


def _passed(names: Iterable[str]) -> str:
    return "+ " + " ".join(f"{name}={{{name}}}" for name in names)


def numbers(clock: float, **more: float) -> dict[str, str]:
    """What stands in a template, as text."""
    values = {"clock": clock, "clear": CLEAR, "tick": TICK, "late": LATE} | more
    texts = {name: spice_number(value) for name, value in values.items()}
    return texts | {"key": KEY, "heat": HEAT, "off": OFF}
