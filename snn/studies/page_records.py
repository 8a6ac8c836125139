"""What a page of comparison tells, before anybody draws it: runs, chips, and what each costs and holds there."""

from dataclasses import dataclass
from typing import Any

from circuits.chips.chip_sources import ChipSources
from circuits.literature.compare import ComparisonRow
from circuits.literature.field_of_chips import FieldPoint, FieldRow
from circuits.mapping.limits import BrokenLimit
from circuits.units import Joules, Seconds, SquareMetres
from snn.studies.accuracy_on_chip import ChipAccuracy
from snn.studies.spikes_of_clip import ClipSpikes
from snn.studies.units_held import Holding


@dataclass(frozen=True)
class Silicon:
    """Area part by part, a lower bound while anything is not modelled, None where all of it is; price of a good die,
    None where nobody knows."""

    area_m2: SquareMetres | None
    parts_m2: dict[str, SquareMetres]
    not_modelled: tuple[str, ...]
    die_usd: float | None = None
    good_dies: int | None = None


@dataclass(frozen=True)
class Priced:
    """One inference on a chip where the network fits; `rows` are those of its ledger, with the source of each."""

    total_j: Joules
    boundary: str
    silicon_boundary: str  # how much of the silicon its joules pay for
    covers: str
    parts_j: dict[str, Joules]
    rows: tuple[dict[str, Any], ...]
    not_modelled: tuple[str, ...]
    with_front_end_j: Joules | None  # None: not published, or nobody knows which front end it has
    boundary_with_front_end: str | None
    latency_s: Seconds
    in_real_time: bool  # latency is the duration of the signal; else that of computing
    counts: dict[str, float | None]
    operations_per_j: float | None
    operations_per_mac: int | None
    operations_counted: str | None
    energy_per_spike_j: Joules | None
    silicon: Silicon
    holdings: tuple[Holding, ...]  # empty where the technology tells no placement
    notes: tuple[str, ...]

    @property
    def pays_for(self) -> str:
        """Both boundaries in a word each: of the spotter, and of the silicon."""
        return f"{self.boundary}, {self.silicon_boundary}"


@dataclass(frozen=True)
class ChipSheet:
    """One run on one chip: priced, or else every limit that is broken and whatever else is in the way."""

    chip: str
    title: str
    priced: Priced | None
    broken: tuple[BrokenLimit, ...] = ()
    why: str = ""  # what else keeps it from being priced
    accuracy: ChipAccuracy | None = None
    accuracy_why: str = ""  # why there is none


@dataclass(frozen=True)
class TestClips:
    """How a run does on its own test clips: `confusion[target][predicted]` counts them, and what one of them fires."""

    __test__ = False  # no test, though pytest would take it for one

    accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    spikes: ClipSpikes | None


@dataclass(frozen=True)
class RunSheet:
    """One run; accuracy and what else training told is None until it has finished."""

    name: str
    title: str
    kind: str
    folder: str
    data: str
    labels: tuple[str, ...]
    test_accuracy: float | None
    n_test: int | None
    seed: int | None
    n_parameters: int
    n_neurons: int
    spikes_per_inference: float | None  # None: it has no spikes, or nobody measured them
    activity_why: str  # why it cannot be priced anywhere; "" where it can
    clips: TestClips | None
    clips_why: str  # why there are none
    chips: tuple[ChipSheet, ...]


@dataclass(frozen=True)
class NeuronField:
    """Our bare neuron beside published ones of the same scope."""

    energy_per_spike_j: Joules
    assumptions: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]


@dataclass(frozen=True)
class ChipField:
    """Published chips by performance and power, and the runs of the page among them."""

    rows: tuple[FieldRow, ...]
    ours: tuple[FieldPoint, ...]


@dataclass(frozen=True)
class Page:
    """All that the page shows."""

    runs: tuple[RunSheet, ...]
    chips: tuple[ChipSources, ...]
    neurons: NeuronField
    field: ChipField
    versions: dict[str, str]
