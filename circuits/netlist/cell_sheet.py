"""What the head of a file and the data sheet both say of a cell: how it is used, and every parameter."""

from circuits.netlist.cell import LOW, ROUT
from circuits.units import si

USAGE = ("options: none needed, with uic or without; an .ic of mem is kept",
         f"output: {si(ROUT, 'ohm')} to logic or ground",
         "temperature: that of the simulator (.temp); supply: the pins; the threshold follows logic, but not below "
         f"{LOW:g} of it")  # fmt: skip

MEANINGS = {  # unit and meaning of every parameter of every subcircuit
}
