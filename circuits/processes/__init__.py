"""Processes beside this one: which is which, whether it lives, and what a dead one left.

who     `began`, `has_ended`
what    `own_path`, `temporary_folder`, `clear_leftovers`, `LeftoverWarning`
"""

from circuits.processes.leftovers import LeftoverWarning, clear_leftovers, own_path, temporary_folder
from circuits.processes.owner import began, has_ended

__all__ = ["LeftoverWarning", "began", "clear_leftovers", "has_ended", "own_path", "temporary_folder"]
