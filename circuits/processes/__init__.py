"""Processes beside this one: which is which, what a dead one left, which end with it; threads that share work.

who     `Process`, `process_here`, `began`
what    `own_path`, `temporary_folder`, `clear_leftovers`, `LeftoverWarning`
shares  `n_threads`
ends    `run_child`, `OutputError`
"""

from circuits.processes.children import OutputError, run_child
from circuits.processes.jobs import n_threads
from circuits.processes.leftovers import LeftoverWarning, clear_leftovers, own_path, temporary_folder
from circuits.processes.owner import Process, began, process_here

__all__ = [
    "LeftoverWarning", "OutputError", "Process", "began", "clear_leftovers", "n_threads", "own_path", "process_here",
    "run_child", "temporary_folder",
]  # fmt: skip
