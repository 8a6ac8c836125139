"""Silicon area of a placed network, part by part; what has no rule is named, never a zero."""

from dataclasses import dataclass
from typing import Any

from circuits.units import SquareMetres


@dataclass(frozen=True)
class ChipArea:
    """`parts_m2` holds only what is modelled and sums to `total`, a lower bound while anything is not modelled.

    total: None where nothing is.
    """

    parts_m2: dict[str, SquareMetres]
    not_modelled: tuple[str, ...] = ()

    @property
    def total(self) -> SquareMetres | None:
        return sum(self.parts_m2.values()) if self.parts_m2 else None

    def as_dict(self) -> dict[str, Any]:
        """As every report shows it."""
        return {"area_m2": self.parts_m2 | {"total": self.total}, "area_not_modelled": list(self.not_modelled)}
