"""Chips as data: one TOML file each, read by `load_chip`."""

from circuits.chips.chip import ChipSpec, chip_names, load_chip

__all__ = ["ChipSpec", "chip_names", "load_chip"]
