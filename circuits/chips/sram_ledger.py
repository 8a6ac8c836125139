"""What arrays of an SRAM that averages cost, layer by layer.

    energy = lines driven E_DAC(b) + conversions (E_line(rows) + E_ADC(b)) + additions + weights written

The laws are those of `circuits.energy.converters`, at 28 nm. A line of values is driven whatever it carries; one of
spikes when a spike comes, while the columns are read in every time step. A weight is written by swinging one bit line.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from circuits.chips.sram_placement import LayerOnArrays, SramPlacement
from circuits.energy.converters import CELL_LINE, adc_delay, adc_energy, dac_energy, line_energy
from circuits.energy.memory_levels import at_other_supply, integer_add
from circuits.ledger import Entry, Ledger
from circuits.network.spec import VALUE_KINDS
from circuits.nonideal.averaging_array import AveragingDesign
from circuits.units import Seconds, Volts

ZIGZAG = "ZigZag, imc_array.py, 28 nm"
WRITING = "derived: one bit line of rows cells swings by the supply, its capacitance as in ZigZag, 28 nm"
HOROWITZ = "Horowitz, ISSCC 2014, 45 nm"


@dataclass(frozen=True)
class SramBill:
    """What a ledger is made for: arrays of a design, at a supply; a row of one array is written in `row_write`."""

    design: AveragingDesign
    v_dd: Volts
    row_write: Seconds

    def ledger(self, placement: SramPlacement, spikes: Mapping[str, float]) -> Ledger[float]:
        """Of all layers. spikes: by layer, spikes that come to its lines in an inference."""
        every = (self._layer(layer, spikes).labelled(layer=layer.name) for layer in placement.layers)
        return sum(every, Ledger())

    def driven(self, layer: LayerOnArrays, spikes: Mapping[str, float]) -> float:
        """Lines driven in an inference, each in every array that it goes to."""
        if layer.kind in VALUE_KINDS:
            return layer.driven * layer.evaluations
        return spikes[layer.name] * layer.fan_out

    def seconds(self, placement: SramPlacement) -> Seconds:
        """One evaluation after another, of all arrays on the chip at once, and rows written one by one."""
        each = adc_delay(self.design.converter_bits, self.design.rows)
        busy = sum(layer.rounds * layer.evaluations for layer in placement.layers)
        written = sum(layer.loads * layer.rows_written for layer in placement.layers)
        return busy * each + written * self.row_write

    def _layer(self, layer: LayerOnArrays, spikes: Mapping[str, float]) -> Ledger[float]:
        design, v_dd = self.design, self.v_dd
        bits = design.driver_bits if layer.kind in VALUE_KINDS else 1
        conversions = layer.conversions * layer.evaluations
        width = design.converter_bits + max(1, math.ceil(math.log2(layer.terms)))
        add, write = at_other_supply(integer_add(width), v_dd), CELL_LINE * design.rows * v_dd**2
        return Ledger(
            (
                Entry("drivers", self.driven(layer, spikes), dac_energy(bits, v_dd), per="conversion", source=ZIGZAG),
                Entry("bit_lines", conversions, line_energy(design.rows, v_dd), per="column", source=ZIGZAG),
                Entry("converters", conversions, adc_energy(design.converter_bits, v_dd), per="conversion",
                      source=ZIGZAG),
                Entry("additions", layer.additions, add, per="addition", source=HOROWITZ),
                Entry("weight_writes", layer.bits_written, write, per="bit", source=WRITING),
            )
        )  # fmt: skip
