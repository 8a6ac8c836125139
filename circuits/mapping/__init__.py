"""Networks onto cores: `place` first checks the rules, then cuts and counts."""

from circuits.mapping.limits import BrokenLimit, CoreLimits, MappingError
from circuits.mapping.place import CoreSlice, Placement, place

__all__ = ["BrokenLimit", "CoreLimits", "CoreSlice", "MappingError", "Placement", "place"]
