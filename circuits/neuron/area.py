"""Area of a neuron: its transistors, and the capacitor that its own body is too small to be."""

from dataclasses import dataclass
from typing import Annotated

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import OXIDE_PERMITTIVITY
from circuits.units import Farads, Metres, SquareMetres, freeze_si, nm, require, um

NODE: Metres = 32 * nm  # Source: Chavan 2020 device, 32 nm PD-SOI; the F of areas in F^2
GATE_LENGTH: Metres = 40 * nm  # Source: the same device, drawn gate
PUBLISHED_AREA: SquareMetres = 0.8 * um**2  # Source: Chavan 2020, second-hand (Bhatawdekar 2026, table 2)


def gate_area(circuit: LIFCircuit, gate_length: Metres = GATE_LENGTH) -> SquareMetres:
    """Gates of the tunnelling device and of the five control transistors (m^2)."""
    return gate_length * circuit.width + 5 * circuit.control.length * circuit.control.width


@dataclass(frozen=True)
class AreaRules:
    """How transistors and capacitors turn into area.

    Both rules favour a neuron with a large capacitor: a gate oxide of 1 nm is the densest capacitor of the process
    (and leaks), and the capacitor gets no spacing of its own.
    """

    gate_length: Metres = GATE_LENGTH
    capacitance_density: Annotated[float, "F/m^2"] = OXIDE_PERMITTIVITY / nm  # 34.5 fF/um^2: SiO2 of 1 nm
    layout_factor: float = PUBLISHED_AREA / gate_area(LIFCircuit())  # the published cell, ASSUMED: six such gates
    # ASSUMED: all of it grows with the width, junctions too
    body_per_width: Annotated[float, "F/m"] = LIFCircuit().c_body / LIFCircuit.width

    def __post_init__(self):
        freeze_si(self)
        for name in ("gate_length", "capacitance_density", "layout_factor"):
            require(self, name, getattr(self, name) > 0, "positive")


def explicit_capacitance(circuit: LIFCircuit, rules: AreaRules | None = None, *, floating_body: bool = True) -> Farads:
    """What must be drawn as a capacitor (F): C less load and body, which is body_per_width W where one floats."""
    body = (rules or AreaRules()).body_per_width * circuit.width if floating_body else 0.0
    return max(circuit.c_body - body, 0.0)


def neuron_area(circuit: LIFCircuit, rules: AreaRules | None = None, *, floating_body: bool = True) -> SquareMetres:
    """Transistors and capacitor: k `gate_area` + C_explicit / c_ox (m^2).

    k is the layout factor, c_ox the capacitance per area. The default circuit gets the 0.8 um^2 that k was taken from.
    Args:  floating_body: False where a conventional source charges a drawn capacitor.
    """
    rules = rules or AreaRules()
    drawn = explicit_capacitance(circuit, rules, floating_body=floating_body)
    return rules.layout_factor * gate_area(circuit, rules.gate_length) + drawn / rules.capacitance_density
