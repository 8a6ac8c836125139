"""The line of a neuron's synapses as SPICE text: on from `tdelay` to `tdelay` + `tline` after its spike.

It reads the clock of its neuron where the refractory time surely holds the whole pulse, else a timer of its own.
"""

from circuits.netlist.cell import keyed, numbers
from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds

# of the delay: the part of it in which the timer is emptied. It begins late, so that a pulse may end after the next
# spike began, and since a clock that still falls at the next spike must not jump to near there: SWtrunc would shorten
# that step on and on. It ends early, since a hot neuron has a short refractory time, and then its clock ends
EMPTIED = (0.3, 0.45)

_LINE = """\
.subckt btbt_line_{key} clk act vss params: tpulse={tpulse} tdelay={tdelay} tline={tline} t0={t0} eatun={eatun}
{heat}* on, as many V as the devices are stronger at this temperature, but for what shorts it
Ion vss act 1m
.model active r(r={{1k*exp(eatun*heat)}})
Ract act vss active
{idle}.ends
"""

_WITHIN = """\
* on unless the clock of its neuron lies before tdelay or beyond tdelay + tline
.model wait sw(vt={{-{clock}*(tdelay/tpulse+{clear})-{late}}} vh=0 ron=1u roff=1e12)
.model over sw(vt={{{clock}*((tdelay+tline)/tpulse+{clear})+{late}}} vh=0 ron=1u roff=1e12)
Swait act vss vss clk wait on
Sover act vss clk vss over off
"""

_BEYOND = """\
* on while the line's own timer lies between tdelay and tdelay + tline; it is emptied on the way to tdelay
* what its counter holds against that is as if it had begun tau earlier
.param tau={{0.03*({last}-{first})*tdelay}}
.param lead={{tdelay*(1-{last})+tau}}
.param busy={{lead+tline}}
.param begin={{2*{clock}*(1-exp(-ln(2)*lead/busy))}}
Icount vss timer {{2*{clock}*{tick}*ln(2)/busy}}
Rcount timer vss {{busy/ln(2)/{tick}}}
Ccount timer vss {tick} ic={{2*{clock}}}
.model empty sw(vt={{{clock}*({first}*tdelay/tpulse+{clear})}} vh=0 ron={{tau/{tick}}} roff={off})
.model first sw(vt={{-{clock}*({last}*tdelay/tpulse+{clear})}} vh=0 ron=1u roff={off})
Sempty timer emptied clk vss empty off
Sfirst emptied vss vss clk first on
.model wait sw(vt={{-begin-{late}}} vh=0 ron=1u roff=1e12)
.model over sw(vt={{({clock}+{late}+begin/2)/2}} vh={{({clock}+{late}-begin/2)/2}} ron=1u roff=1e12)
Swait act vss vss timer wait off
Sover act vss timer vss over on
"""


def spike_line(circuit: LIFCircuit, delay: Seconds, t_line: Seconds, clock: float) -> tuple[str, str]:
    """The subcircuit `btbt_line_KEY`: from the clock of a neuron to the activity of its line, 0 or 1 V.

    Away from the temperature of the circuit 1 V is as much more as its devices give. A pulse that the refractory time
    might not hold at some supply and temperature has a timer of its own, which a spike within it starts anew.
    Returns:  KEY, the hash of the text, and the text.
    """
    held, device = circuit.t_refractory, circuit.device
    values = {"tpulse": held, "tdelay": delay, "tline": t_line, "t0": device.temperature, "eatun": device.activation_ev}
    surely = held - circuit.control.switched(held)  # whatever supply and temperature
    idle = _BEYOND if delay + t_line > surely * (1 + 1e-9) else _WITHIN
    fixed = numbers(clock, first=EMPTIED[0], last=EMPTIED[1])
    texts = {name: spice_number(value) for name, value in values.items()}
    return keyed(_LINE.format(idle=idle.format(**fixed), **fixed, **texts))
