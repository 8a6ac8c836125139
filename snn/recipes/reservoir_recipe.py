"""A recipe of a reservoir: what it is made of, learning inside it, and what it is measured against."""

from typing import Any, Literal

from pydantic import Field

from circuits.errors import InputError
from snn.data.corpora.corpus import Corpus
from snn.networks.reservoir_settings import BSA_ROW, ReservoirSettings
from snn.plasticity.grid import LevelGrid
from snn.plasticity.stdp import STDPRule
from snn.recipes.data_section import Head
from snn.settings import inline, section


@section
class PlasticitySettings:
    """Learning of the recurrent synapses themselves, before a readout is fitted: STDP, alone or under reward.

    Levels are those of a synapse's strength, from none to `max_gain` of what it is at the start.
    """

    rule: Literal["none", "stdp", "reward"] = "none"
    passes: int = Field(1, ge=1, le=1000)  # over the training clips
    stdp: STDPRule = inline(STDPRule(), tau_plus=None, tau_minus=None)
    grid: LevelGrid = inline(LevelGrid(2.0, 15, signed=False), w_max="max_gain", n_levels="levels", signed=None)

    def __post_init__(self):
        if self.grid.w_max < 1:
            raise InputError(f"max_gain must be at least 1, the strength at the start, got {self.grid.w_max:g}")
        start = (self.grid.n_levels - 1) / self.grid.w_max
        if self.rule != "none" and abs(start - round(start)) > 1e-9:
            raise InputError(
                f"{self.grid.n_levels} levels up to max_gain = {self.grid.w_max:g} do not hold the strength at the "
                f"start; (levels - 1) / max_gain must be whole, got {start:g}"
            )


@section
class Comparison:
    """What the chip is measured against, beside its own inputs."""

    eprop_epochs: int = Field(0, ge=0, le=10_000)  # of as many neurons whose weights e-prop trains; 0: none


@section
class Draws:
    """Random draws: wiring, and the order of the clips for the online rule."""

    seed: int = Field(0, ge=0, lt=2**31)


@section
class ReservoirRecipe(ReservoirSettings, Head):
    """One experiment with a reservoir."""

    kind: Literal["reservoir"] = "reservoir"
    plasticity: PlasticitySettings = PlasticitySettings()
    comparison: Comparison = Comparison()
    training: Draws = Draws()

    @staticmethod
    def completed(table: dict[str, Any]) -> dict[str, Any]:
        """Ben's spiker algorithm has taps of a millisecond: rows as short, unless the recipe says otherwise."""
        ear, given = table.get("ear", {}), table.get("input", {})
        if not (isinstance(ear, dict) and isinstance(given, dict) and given.get("kind") == "bsa"):
            return table
        return table | {"ear": {"row_s": BSA_ROW} | ear}

    def __post_init__(self):
        super().__post_init__()
        self.require_reach(self.plasticity.grid.w_max if self.plasticity.rule != "none" else 1.0)

    def for_corpus(self, corpus: Corpus) -> "ReservoirRecipe":
        """The recipe as it runs on a corpus: the same on every one."""
        del corpus
        return self
