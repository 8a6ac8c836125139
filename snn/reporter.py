"""Where the progress of long work goes: two callbacks, by default to nowhere."""

from collections.abc import Callable
from dataclasses import dataclass

OnStage = Callable[[str, int, int], None]  # what is being done, done, in all (0: unknown)
OnNote = Callable[[str], None]


@dataclass(frozen=True)
class Reporter:
    """`on_stage` moves a progress bar, `on_note` shows a line."""

    on_stage: OnStage = lambda stage, done, total: None
    on_note: OnNote = lambda line: None
