"""A recipe of a spotter: front end, encoder, neuron, network and training of one experiment."""

from typing import Literal

from circuits.units import Seconds
from snn.networks.spotter_settings import SpotterSettings
from snn.recipes.gradient_recipe import GradientRecipe, GradientTraining
from snn.settings import section


@section
class SpotterTraining(GradientTraining):
    """Optimisation, and what runs the time loop."""

    backend: Literal["auto", "reference", "cpu", "gpu"] = "auto"  # the numbers are the same


@section
class SpotterRecipe(SpotterSettings, GradientRecipe):
    """One experiment with a spotter."""

    kind: Literal["spotter"] = "spotter"
    training: SpotterTraining = SpotterTraining()

    def __post_init__(self):
        super().__post_init__()
        self.chip.require_epochs(self.training.epochs)
        self.step(self.features.mel.hop_s)

    @property
    def dt(self) -> Seconds:
        """One time step of the network (s)."""
        return self.step(self.features.mel.hop_s)
