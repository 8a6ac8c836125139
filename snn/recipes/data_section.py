"""The data section of a recipe."""

from typing import Literal

from snn.recipes.settings import Section


class DataConfig(Section):
    """Which recordings, and how they are divided; `task` picks among the tasks of a data set."""

    name: str | None = None
    task: str | None = None
    split: str = "official"  # or "speaker:NAME": leave that speaker out for the test
    bad_files: Literal["error", "skip"] = "error"
