"""The silicon of a digital chip as its file has it: what area and the price of a die follow from."""

from dataclasses import dataclass

from circuits.units import PerSquareMetre, SquareMetres, freeze_si, require


@dataclass(frozen=True)
class Silicon:
    """What area follows from."""

    cell: SquareMetres
    gate: SquareMetres
    memory_efficiency: float
    logic_density: float

    def __post_init__(self):
        freeze_si(self)
        for name in ("cell", "gate"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("memory_efficiency", "logic_density"):
            require(self, name, 0 < getattr(self, name) <= 1, "above 0 and at most 1")


@dataclass(frozen=True)
class WaferPrice:
    """What a wafer costs, and how many defects it has."""

    cost_usd: float
    defects: PerSquareMetre

    def __post_init__(self):
        freeze_si(self)
        require(self, "cost_usd", self.cost_usd > 0, "positive")
        require(self, "defects", self.defects >= 0, "zero or positive")
