"""What a product costs on an analog chip, by how much of the silicon is paid for: tile, chip or system.

    E_mac = operations per MAC / published operations per joule

Each wider boundary holds the narrower one, so that the parts between them add up to what was published.
"""

from dataclasses import dataclass, fields

from circuits.energy.operation_counts import mac_energy
from circuits.errors import InputError
from circuits.units import Joules, Seconds, freeze_si, require

BOUNDARIES = ("tile", "chip", "system")  # that have a figure; of the array alone none is published
MEASURED_DEVICES = 4  # of a weight in what was published, ASSUMED: the paper has 4, or 2
PARTS = {"tile": "tile_products", "chip": "rest_of_chip", "system": "rest_of_system"}  # what each adds


@dataclass(frozen=True)
class Efficiency:
    """Published operations per joule (1 TOPS/W is 1e12), the best at its tile, at the chip, and of the whole system."""

    tile: float
    chip: float
    system: float
    operations_per_mac: int

    def __post_init__(self):
        require(self, "operations_per_mac", self.operations_per_mac in (1, 2), "1 or 2, as the paper counts")
        require(self, "system", self.system > 0, "positive")
        require(self, "chip", self.chip >= self.system, "at least that of the system, which holds the chip")
        require(self, "tile", self.tile >= self.chip, "at least that of the chip, which holds the tile")

    def mac(self, boundary: str) -> Joules:
        """A product with its sum. Raises: InputError for a boundary without a figure."""
        require_boundary(boundary)
        return mac_energy(getattr(self, boundary), self.operations_per_mac)

    def parts(self, boundary: str) -> dict[str, Joules]:
        """By boundary, what a product costs there above the narrower one; up to the one that is asked for."""
        found, before = {}, 0.0
        for name in BOUNDARIES[: BOUNDARIES.index(require_boundary(boundary)) + 1]:
            found[name] = self.mac(name) - before
            before = self.mac(name)
        return found


def share_of_reading(devices: int) -> float:
    """What a weight of so many devices takes of a tile's reading, over one as it was measured.

    A reading costs what the tile costs, whatever its devices stand for: of 2 a weight there are twice as many products.
    """
    return devices / MEASURED_DEVICES


@dataclass(frozen=True)
class PublishedFrame:
    """The keyword spotter that was measured on the chip; step: of the transcription network."""

    frame: Seconds
    tiles: int
    step: Seconds
    accuracy: float  # of the chip
    software: float

    def __post_init__(self):
        freeze_si(self)
        for field in fields(self):
            require(self, field.name, getattr(self, field.name) > 0, "positive")

    @property
    def kept(self) -> float:
        """Share of the software's accuracy that the chip keeps; MLPerf calls 0.99 equal to it."""
        return self.accuracy / self.software

    def as_dict(self) -> dict[str, float]:
        """What reports print."""
        return {
            "frame_s": self.frame,
            "n_tiles": self.tiles,
            "transcription_step_s": self.step,
            "accuracy": self.accuracy,
            "software_accuracy": self.software,
            "accuracy_kept": self.kept,
        }


def require_boundary(boundary: str) -> str:
    """The boundary itself. Raises: InputError for one that has no figure."""
    if boundary not in BOUNDARIES:
        known = ", ".join(BOUNDARIES)
        raise InputError(f"no energy is published at the boundary {boundary!r}; choose one of {known}")
    return boundary
