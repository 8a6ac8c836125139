"""Chips as data: one TOML file each, read by `load_chip`, and one module for each technology, named as its `kind`."""

from circuits.chips.chip import Chip, chip_names, load_chip
from circuits.chips.operation import Operation

__all__ = ["Chip", "Operation", "chip_names", "load_chip"]
