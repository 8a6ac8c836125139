"""The joules of one inference on analog tiles: every reading of a tile, and what is known of the digital rest.

    energy = sum over layers: readings weights_per_tile devices / 4 E_mac(boundary) + additions E_add

What was published is of 4 devices a weight, ASSUMED, and a reading costs the same whatever its devices stand for.
It costs a whole tile, used or not: pulses, ramps and converters run whatever the devices hold, ASSUMED. So this is an
upper bound; the products that are used alone give a lower one. Zeros among the inputs save nothing either.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from circuits.chips.crossbar_efficiency import PARTS, Efficiency, share_of_reading
from circuits.chips.crossbar_placement import CrossbarPlacement, LayerTiles
from circuits.energy.memory_levels import integer_add
from circuits.ledger import Entry, Ledger, unknown
from circuits.units import Joules

ADDITION = "Horowitz ISSCC 2014, 45 nm, 3.125 fJ a bit; ASSUMED for digital logic beside the chip"
OFF_CHIP = ("biases, activations and neurons", "memory and links of the digital side", "layers without weights")
UNKNOWN = ("programming of the devices", "readings that measure drift", "leak between inferences", "host")


@dataclass(frozen=True)
class CrossbarBill:
    """What is paid for: how far the silicon goes, readings of a product, bits of a digital sum."""

    efficiency: Efficiency
    boundary: str
    readings: int
    sum_bits: int
    sources: Mapping[str, str]

    def ledger(self, placement: CrossbarPlacement, evaluations: float) -> Ledger[float]:
        """Of one inference of so many evaluations."""
        entries = [entry for one in placement.layers for entry in self._layer(one, evaluations)]
        others = {"system": (), "chip": OFF_CHIP, "tile": (*OFF_CHIP, "digital additions")}[self.boundary] + UNKNOWN
        between = () if self.boundary == "system" or placement.chips < 2 else ("links between chips",)
        return Ledger(tuple(entries)) + unknown(*others, *between)

    def used_alone(self, placement: CrossbarPlacement, evaluations: float) -> Joules:
        """What the products that are used would cost if those that are not cost nothing."""
        return evaluations * self.readings * measured_products(placement) * self.efficiency.mac(self.boundary)

    def _layer(self, one: LayerTiles, evaluations: float) -> list[Entry[float]]:
        readings = evaluations * self.readings * one.uses * one.tiles
        products = one.capacity * share_of_reading(one.devices)
        entries = [
            Entry(
                PARTS[name], readings, products * each, per="tile reading", source=self._source(name), layer=one.layer
            )
            for name, each in self.efficiency.parts(self.boundary).items()
        ]
        if one.additions and self.boundary == "chip":  # a tile alone adds none, the published system its own
            added, each = evaluations * one.additions, integer_add(self.sum_bits)
            entries.append(Entry("digital_additions", added, each, per="addition", source=ADDITION, layer=one.layer))
        return entries

    def _source(self, name: str) -> str:
        return self.sources.get(f"efficiency.{name}", "")


def measured_products(placement: CrossbarPlacement) -> float:
    """Products of one evaluation, over one of a weight with the devices that were measured: what energy goes by."""
    return sum(one.macs * share_of_reading(one.devices) for one in placement.layers)


def sum_bits(output_bits: int, codes: int) -> int:
    """Of a sum of so many codes: the bits of the converter, and one more for each doubling of them."""
    return output_bits + math.ceil(math.log2(max(codes, 1)))
