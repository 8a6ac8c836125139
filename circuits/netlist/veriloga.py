"""The neuron in Verilog-A: an event view for Spectre, and a smooth view without events for compact-model compilers.

    C dV/dt = I(V_DG, V) - g_leak V,   I = W A u exp(-B / u),   u = V_DG - V_0 - body_factor V

Threshold, output and refractory time follow the drain supply; tunnelling, leak and refractory time the temperature of
the simulator ($temperature), as `at_supply` and `at_temperature` have them. Module names carry a key of what they hold,
as those of the SPICE cells.

Event view: the crossing of the threshold starts a reset of t_refractory. Smooth view: a tanh comparator sets an RC
latch, which keeps itself (hysteresis) and holds the membrane until a ramp has run for t_refractory.
"""

from circuits.netlist.cell import supply_parameters
from circuits.netlist.cell_sheet import UNITS
from circuits.netlist.provenance import circuit_hash, head
from circuits.netlist.spice import neuron_parameters
from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import circuit_notes
from circuits.neuron.synapse import SynapseKernel
from circuits.units import BOLTZMANN, eV

# parameters that move currents and times
LAWS = ("t0", "eatun", "ealeak", "tswitch", "easwitch", "nswitch")
SHARPNESS = 100.0  # 1/V, of the tanh comparators: 0.02 V from 12 % to 88 %; the spike comes within that of threshold
OWN_UNITS = {"sharp": "1/V", "vspk": "V", "vds0": "V"}

_MEMBRANE = """\
    // tunnelling current from the drain supply into the floating body
    u = V(vdd, gate) - bodyf*V(mem, vss) - v0 + dtunnel;
    heat = (1.0/t0 - 1.0/$temperature)/{boltzmann};
    itun = 0.0;
    if (u > 0.0)
      itun = w*a*u*exp(eatun*heat - b/u);
    // BSIM's drain-body factor, relative to the drain voltage of the fit
    vdb = max(V(vdd, mem), 1e-6);
    itun = itun*vdb*vdb*vdb/(cbody + vdb*vdb*vdb)*(cbody + vfit*vfit*vfit)/(vfit*vfit*vfit);
    I(vdd, mem) <+ itun;
    I(mem, vss) <+ gleak*exp(ealeak*heat)*V(mem, vss) + ddt(cmem*kcmem*V(mem, vss));
    // the supply over the one that all values belong to, and the refractory time there
    high = V(vdd, vss)/vds0;
    held = tpulse + tswitch*(exp(easwitch*heat)*pow(max(high, 0.1), nswitch) - 1.0);
"""

_MODULE = """\
`include "disciplines.vams"

module {name}(mem, spk, gate, vdd, vss);
  inout mem, spk, gate, vdd, vss;
  electrical mem, spk, gate, vdd, vss{nodes};
{parameters}
  real u, itun, heat, high, held, vdb{reals};
{integers}  analog begin
{body}  end
endmodule
"""

_EVENT = """\
{membrane}    @(initial_step) begin
      resetting = 0;
      tend = -1.0;
    end
    @(cross(V(mem, vss) - (vth + dvth)*high, +1)) begin
      resetting = 1;
      tend = $abstime + held;
    end
    @(timer(tend))
      resetting = 0;
    $bound_step(resetting ? 0.1*held : 1.0);
    // while resetting, the membrane is held at vreset through a time constant of tlatch
    I(mem, vss) <+ transition(resetting, 0.0, tlatch, tlatch)*(V(mem, vss) - vreset)*cmem/tlatch;
    V(spk, vss) <+ vspk*high*transition(resetting, 0.0, tlatch, tlatch);
"""

_SMOOTH = """\
{membrane}    // latch q: set by the membrane, kept by itself, cleared when the ramp reaches 1 V; it resets the membrane
    // only once it keeps itself, and the ramp falls only once it is clear, so that no state lies half-way
    past = 0.5*(1.0 + tanh(sharp*(V(mem, vss) - (vth + dvth)*high)));
    keep = 0.5*(1.0 + tanh(sharp*(V(q, vss) - 0.5)));
    hold = 0.5*(1.0 + tanh(sharp*(V(q, vss) - 0.75)));
    clear = 0.5*(1.0 + tanh(sharp*(0.25 - V(q, vss))));
    over = 0.5*(1.0 + tanh(sharp*(V(ramp, vss) - 1.0)));
    I(q, vss) <+ cmem/tlatch*(V(q, vss) - (1.0 - over)*(1.0 - (1.0 - past)*(1.0 - keep))) + ddt(cmem*V(q, vss));
    I(ramp, vss) <+ clear*V(ramp, vss)*cmem/tlatch - keep*cmem/held + ddt(cmem*V(ramp, vss));
    // while set, the membrane is held at vreset
    I(mem, vss) <+ hold*(V(mem, vss) - vreset)*cmem/tlatch;
    V(spk, vss) <+ vspk*high*keep;
"""

_SYNAPSE = """\

// pre: spikes of 0 or vspk; post: membrane. A pulse of tpulse, tdelay after each spike, of the tunnelling current at
// vdg; pulses that overlap are one. sgn = -1: a sink, which stops at vsink
module btbt_synapse_{key}(pre, post, vss);
  inout pre, post, vss;
  electrical pre, post, vss;
  parameter real w = {w} from (0:inf);  // m
  parameter real a = {a} from (0:inf);  // A/m/V
  parameter real b = {b} from (0:inf);  // V
  parameter real v0 = {v0};  // V
  parameter real dtunnel = 0.0;  // V
  parameter real vdg = 0.0;  // V
  parameter real sgn = 1.0;
  parameter real tdelay = {delay} from (0:inf);  // s, no longer than the refractory time
  parameter real tpulse = {t_pulse} from (0:inf);  // s
  parameter real vspk = {vspk} from (0:inf);  // V
  parameter real vsink = {v_sink};  // V
  parameter real t0 = {t0} from (0:inf);  // K, of these values
  parameter real eatun = {eatun};  // eV
  real u, amp, tbegin, tend;
  integer active;
  analog begin
    @(initial_step) begin
      active = 0;
      tbegin = -1.0;
      tend = -1.0;
      u = vdg - v0 + dtunnel;
      amp = 0.0;
      if (u > 0.0)
        amp = sgn*w*a*u*exp(eatun*(1.0/t0 - 1.0/$temperature)/{boltzmann} - b/u);
    end
    @(cross(V(pre, vss) - 0.5*vspk, +1))
      tbegin = $abstime + tdelay;
    @(timer(tbegin)) begin
      active = 1;
      tend = $abstime + tpulse;
    end
    @(timer(tend))
      active = 0;
    I(vss, post) <+ amp*transition(active, 0.0, 1e-3*tpulse, 1e-3*tpulse)
                    *(sgn > 0.0 ? 1.0 : min(1.0, max(0.0, 1e3*(V(post, vss) - vsink))));
  end
endmodule
"""

_ADAPTATION = """\

// w follows the membrane and jumps at each spike; it draws gleak*w. An ideal source: no BTBT circuit is published
module btbt_adaptation_{key}(mem, spk, vss);
  inout mem, spk, vss;
  electrical mem, spk, vss, w;
  parameter real cmem = {c_mem} from (0:inf);  // F
  parameter real gleak = {g_leak};  // S
  parameter real tau = 1.0 from (0:inf);  // s
  parameter real coupling = 0.0;
  parameter real jump = 0.0;  // V
  parameter real tpulse = {t_pulse} from (0:inf);  // s
  parameter real vreset = {v_reset};  // V
  parameter real vspk = {vspk} from (0:inf);  // V
  parameter real vsink = {v_sink};  // V
  real tend;
  integer jumping;
  analog begin
    @(initial_step) begin
      jumping = 0;
      tend = -1.0;
    end
    @(cross(V(spk, vss) - 0.5*vspk, +1)) begin
      jumping = 1;
      tend = $abstime + tpulse;
    end
    @(timer(tend))
      jumping = 0;
    I(w, vss) <+ cmem/tau*(V(w, vss) - coupling*(V(mem, vss) - vreset)) + ddt(cmem*V(w, vss))
                 - cmem*jump/tpulse*transition(jumping, 0.0, 1e-3*tpulse, 1e-3*tpulse);
    I(mem, vss) <+ gleak*(max(V(w, vss), 0.0)*min(1.0, max(0.0, 1e3*(V(mem, vss) - vsink))) + min(V(w, vss), 0.0));
  end
endmodule
"""

_REALS = ", past, keep, hold, clear, over"  # of the smooth view


def event_view(
    circuit: LIFCircuit,
    synapse: SynapseKernel,
    *,
    title: str = "BTBT neuron",
    key: str | None = None,
) -> str:
    """Modules `btbt_lif_KEY(mem, spk, gate, vdd, vss)`, `btbt_synapse_KEY` and `btbt_adaptation_KEY`, for Spectre.

    Args:  key: of what the modules hold; None: the hash of the circuit.
    """
    key = key or circuit_hash(circuit)
    integers = "  integer resetting;\n"
    body = _EVENT.format(membrane=_membrane())
    neuron = _module(f"btbt_lif_{key}", circuit, body, reals=", tend", integers=integers)
    values = {
        "w": circuit.width,
        "a": circuit.device.prefactor,
        "b": circuit.device.v_slope,
        "v0": circuit.device.v_onset,
        "delay": synapse.delay,
        "t_pulse": synapse.device_pulse,
        "vspk": circuit.v_dd,
        "v_sink": circuit.v_sink,
        "v_reset": circuit.v_reset,
        "c_mem": circuit.c_mem,
        "g_leak": circuit.g_leak,
        "t0": circuit.device.temperature,
        "eatun": circuit.device.activation_ev,
        "boltzmann": BOLTZMANN / eV,
    }
    texts = {name: spice_number(value) for name, value in values.items()} | {"key": key}
    cells = _SYNAPSE.format_map(texts) + _ADAPTATION.format_map(texts)
    return _head(circuit, title, "event view, for Spectre") + neuron + cells


def smooth_view(circuit: LIFCircuit, *, title: str = "BTBT neuron") -> str:
    """Module `btbt_smooth_KEY(mem, spk, gate, vdd, vss)` without events, for OSDI compilers."""
    body, name = _SMOOTH.format(membrane=_membrane()), f"btbt_smooth_{circuit_hash(circuit)}"
    neuron = _module(name, circuit, body, nodes=", q, ramp", reals=_REALS, sharp=SHARPNESS)
    return _head(circuit, title, "smooth view, without events") + neuron


def _module(
    name: str,
    circuit: LIFCircuit,
    body: str,
    *,
    nodes: str = "",
    reals: str = "",
    integers: str = "",
    **more: float,
) -> str:
    values = neuron_parameters(circuit) | _laws(circuit) | more
    parameters = "\n".join(_parameter(name, value) for name, value in values.items())
    return _MODULE.format(name=name, parameters=parameters, body=body, nodes=nodes, reals=reals, integers=integers)


def _membrane() -> str:
    return _MEMBRANE.format(boltzmann=spice_number(BOLTZMANN / eV))


def _laws(circuit: LIFCircuit) -> dict[str, float]:
    """What temperature and supply act by."""
    supplied = supply_parameters(circuit)
    own = {"vds0": circuit.device.v_ds, "vspk": circuit.v_dd}
    return own | {name: supplied[name] for name in LAWS}


def _parameter(name: str, value: float) -> str:
    positive = {"w", "a", "b", "cmem", "tpulse", "tlatch", "kcmem"}
    limits = " from (0:inf)" if name in positive else ""
    unit = OWN_UNITS[name] if name in OWN_UNITS else UNITS[name][0]
    return f"  parameter real {name} = {spice_number(value)}{limits};  // {unit}"


def _head(circuit: LIFCircuit, title: str, view: str) -> str:
    notes = (view, *circuit_notes(circuit))
    return head(title, circuit, circuit_hash(circuit), *notes, comment="//")
