"""A chip: data in a TOML file, and the technology of its `kind` that answers five questions about a network."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from circuits.chips.analog_crossbar import AnalogCrossbar
from circuits.chips.btbt_core import BTBTCore
from circuits.chips.chip_area import ChipArea
from circuits.chips.digital_systolic import DigitalSystolic
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import InferenceReport
from circuits.chips.near_threshold import NearThreshold
from circuits.chips.operation import CHEAPEST, Operation
from circuits.chips.spiking_mesh import SpikingMesh
from circuits.chips.sram_average import SramAverage
from circuits.errors import InputError
from circuits.mapping.limits import BrokenLimit
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.storage import reading
from circuits.tables import did_you_mean, read_toml, shortened
from circuits.units import Seconds

FOLDER = files("circuits") / "chips"


Placed = TypeVar("Placed")  # what a technology's `place` gives and its `price` and `area` take: a record of its own


@runtime_checkable
class Chip(Protocol[Placed]):
    """What every technology answers; `name` and `title` are for reports."""

    @property
    def name(self) -> str:
        """That of its file."""

    @property
    def title(self) -> str:
        """In words."""

    @property
    def ages(self) -> bool:
        """Whether what a piece of it computes changes with the time since it was written or first used."""

    @property
    def alike(self) -> bool:
        """Whether every piece of it computes the same."""

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks, all at once."""

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> Placed:
        """Where every neuron is, or when it is computed. Raises: MappingError that lists every broken limit."""

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network as one piece of this silicon computes it, `age` after it was written or first used."""

    def price(
        self, net: NetworkSpec, activity: Activity, placement: Placed, sensed: Sensed | None = None
    ) -> InferenceReport:
        """Energy of one inference, part by part, and beside it that of its front end; None: nobody knows which."""

    def area(self, placement: Placed) -> ChipArea:
        """Silicon area, part by part."""


KINDS = {
    "btbt-core": BTBTCore, "digital-systolic": DigitalSystolic, "near_threshold": NearThreshold,
    "analog-crossbar": AnalogCrossbar, "sram-average": SramAverage, "spiking-mesh": SpikingMesh,
}  # fmt: skip


def chip_names() -> tuple[str, ...]:
    """The chips that ship with the package."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in FOLDER.iterdir() if file.name.endswith(".toml")))


def load_chip(name: str | Path, trained: ChipNetwork | None = None, operation: Operation = CHEAPEST) -> Chip[Any]:
    """The chip of that name, or of a TOML file at that path.

    Args:
      trained: a network on the circuit that it was trained for, which stands in for the chip's own where it was trained
        for this chip.
      operation: how much faster than its signal the chip runs (by default where it costs least), at which temperature
        and supply.
    Raises: FileNotFoundError; InputError for an unknown name, kind or key, or a number without a source.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in chip_names():
            hint = did_you_mean(str(name), chip_names())
            known = f"known: {', '.join(chip_names())}; or give the path of a .toml file"
            raise InputError(f"unknown chip {str(name)!r}{hint}; {known}")
        path = Path(str(FOLDER / f"{name}.toml"))
    with reading(path):
        table = read_toml(path)
        kind = table.pop("kind", None)
        if not isinstance(kind, str) or kind not in KINDS:
            hint = did_you_mean(str(kind), KINDS)
            raise InputError(f"{path.name}: kind = {shortened(kind)} is no technology{hint}; known: {', '.join(KINDS)}")
        return KINDS[kind].read(table, path.name, trained, operation)
