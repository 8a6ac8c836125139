"""Networks onto cores: `place` first checks the rules, then cuts and counts."""

from circuits.mapping.place import CoreSlice, MappingError, Placement, place

__all__ = ["CoreSlice", "MappingError", "Placement", "place"]
