"""How large a processing element is, in gates: measured once with Yosys on its Verilog, and kept here as numbers.

Yosys 0.23 of Debian 12 (ISC), on the Verilog of `circuits.accelerator.rtl.processing_element`; the commands are in
`circuits.accelerator.rtl.gate_count`, where `count_cells(ProcessingElement(), "processing_element")` does it again.
No cell is a full adder: a library that has one makes the element smaller, wires and buffers make it larger.
"""

TRANSISTORS_OF_NAND = 4  # static CMOS: what one gate equivalent is
ELEMENT_CELLS = {
    "AOI3": 25,
    "AOI4": 1,
    "DFF_P": 49,
    "MUX": 12,
    "NAND": 169,
    "NOR": 49,
    "NOT": 70,
    "OAI3": 48,
    "OAI4": 16,
    "XNOR": 133,
    "XOR": 75,
}
ELEMENT_TRANSISTORS = 5_010  # `stat -tech cmos`
ELEMENT_REGISTER_BITS = 49  # 8 of the weight, 9 of the input, 32 of the sum


def element_gates() -> float:
    """Gate equivalents (NAND2) of one processing element: its transistors by those of a NAND2."""
    return ELEMENT_TRANSISTORS / TRANSISTORS_OF_NAND
