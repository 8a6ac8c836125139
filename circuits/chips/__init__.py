"""Chips as data: one TOML file each, read by `load_chip`, and one module for each technology (`btbt_core`)."""

from circuits.chips.chip import Chip, chip_names, load_chip

__all__ = ["Chip", "chip_names", "load_chip"]
