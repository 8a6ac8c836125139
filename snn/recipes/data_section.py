"""What every recipe has, whatever its model: a name, and the recordings."""

from typing import Any, Literal

from snn.data.augmentation.augment import Augment
from snn.data.corpora.splits import Split
from snn.settings import section


@section
class DataSection:
    """Which recordings, and how they are divided; `task` picks among the tasks of a data set."""

    name: str | None = None
    task: str | None = None
    split: str = "official"  # or "speaker:NAME": leave that speaker out for the test
    bad_files: Literal["error", "skip"] = "error"


@section
class Head:
    """What every recipe begins with."""

    name: str
    title: str = ""
    data: DataSection = DataSection()

    @staticmethod
    def completed(table: dict[str, Any]) -> dict[str, Any]:
        """The table of a file with what follows from other keys of it: nothing, unless a kind of recipe says so."""
        return table

    @property
    def seed(self) -> int:
        """Of every random draw."""
        return self.training.seed

    def copies(self, split: Split) -> tuple[Augment | None, int]:
        """How the clips of a split are altered, and how many copies there are of each: none."""
        del split
        return None, 0
