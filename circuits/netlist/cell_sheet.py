"""What the head of a file and the data sheet both say of a cell: how it is used, and what each parameter is."""

from circuits.netlist.cell import LOW, ROUT
from circuits.units import si

USAGE = (
    "options: none needed, with uic or without; the first spike is one rise from vreset after the start",
    "initial condition: without uic an .ic of mem is kept; with uic it is ignored, and mem starts at vreset; give none "
    "at or above threshold, where the output would stay high",
    "input: currents into mem, or the gate; a rise shorter than a fortieth of tpulse makes the period 1 % shorter",
    "a voltage source on mem, which holds it above threshold, stops the simulator",
    "energy and timing: the reset, and what holds it for longer than tswitch, is ideal; only the switching is metered",
    f"output: {si(ROUT, 'ohm')} to logic or to vss; a load R takes {si(ROUT, 'ohm')}/R of its height, a load C delays "
    f"it by {si(ROUT, 'ohm')} C; what a load draws, logic pays",
    "temperature: that of the simulator (.temp)",
    f"supply: the pins, which may ramp and dip; all follows logic, but not below {LOW:g} of the swing",
)

UNITS = {  # of every parameter that a subcircuit has, with what it is
    "w": ("m", "width of the tunnelling device"),
    "a": ("A/m/V", "I = w a u exp(-b/u), u = V_DG - v0 - bodyf V_mem + dtunnel"),
    "b": ("V", "likewise"),
    "v0": ("V", "likewise: onset"),
    "bodyf": ("1", "what the body takes off V_DG as it charges"),
    "cbody": ("V^3", "of the drain-body factor V_DB^3 / (cbody + V_DB^3); 0: none"),
    "vfit": ("V", "drain voltage at which a and b were fitted, where that factor is 1"),
    "cmem": ("F", "membrane"),
    "gleak": ("S", "leak of the membrane"),
    "vth": ("V", "threshold at logic = vdd0"),
    "vreset": ("V", "reset"),
    "tpulse": ("s", "refractory time, at logic = vdd0 and t0"),
    "tswitch": ("s", "of it what the transistors take: that part moves with logic and temperature"),
    "nswitch": ("1", "tswitch goes with (logic / vdd0)^nswitch"),
    "easwitch": ("eV", "its activation energy"),
    "tlatch": ("s", "time constant of the reset, far below tpulse and the rise"),
    "dtunnel": ("V", "of a corner or a mismatched device: added to u"),
    "dvth": ("V", "likewise: added to vth"),
    "kcmem": ("1", "likewise: a factor on cmem"),
    "vdd0": ("V", "logic supply that vth belongs to"),
    "cgate": ("F", "gates of control and reset, charged once a spike"),
    "icrow": ("A", "crowbar current of the first inverter, within vcrow of threshold, at logic = vdd0 and t0"),
    "ncrow": ("1", "icrow goes with (logic / vdd0)^ncrow"),
    "eacrow": ("eV", "its activation energy"),
    "vcrow": ("V", "that window, at t0; it grows with the temperature"),
    "istat": ("A", "off-current of the inverters, out of logic (in a core out of stat), at logic = vdd0 and t0"),
    "nstat": ("1", "istat goes with (logic / vdd0)^nstat"),
    "ioff": ("A", "off-current of the drain, out of vdd, at a gate bias of 0 V, at t0"),
    "vgs": ("V", "gate bias of the drain's off-current: the nominal one, it does not follow the pin gate"),
    "ss": ("V", "sub-threshold swing of the drain's off-current, a decade, at t0"),
    "t0": ("K", "temperature that all values belong to"),
    "eatun": ("eV", "activation energy of the tunnelling current"),
    "ealeak": ("eV", "likewise of gleak"),
    "eaoff": ("eV", "likewise of istat"),
    "eadrain": ("eV", "likewise of ioff"),
    "n": ("1", "cells that share start-up and off-currents"),
    "tdelay": ("s", "of a line: from a spike to its pulse"),
    "tline": ("s", "of a line: its pulse"),
    "vds": ("V", "drain voltage of the synapses"),
}
