"""Processes beside this one: which is which, what a dead one left, which end with it; threads that share work.

who     `began`, `has_ended`
what    `own_path`, `temporary_folder`, `clear_leftovers`, `LeftoverWarning`
shares  `n_threads`
ends    `run_child`, `OutputError`
"""

from circuits.processes.children import OutputError, run_child
from circuits.processes.jobs import n_threads
from circuits.processes.leftovers import LeftoverWarning, clear_leftovers, own_path, temporary_folder
from circuits.processes.owner import began, has_ended

__all__ = [
    "LeftoverWarning",
    "OutputError",
    "began",
    "clear_leftovers",
    "has_ended",
    "n_threads",
    "own_path",
    "run_child",
    "temporary_folder",
]
