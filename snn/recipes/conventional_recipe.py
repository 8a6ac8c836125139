"""A recipe of a conventional network, beside the spiking ones: front end, layers, training of one experiment."""

from typing import Literal

from pydantic import Field

from circuits.errors import InputError
from snn.networks.conventional_settings import ConventionalSettings
from snn.recipes.gradient_recipe import GradientRecipe, GradientTraining
from snn.settings import section


@section
class ConventionalTraining(GradientTraining):
    """Optimisation, and how sure the network is to become."""

    label_smoothing: float = Field(0.0, ge=0, lt=1)  # share of the target that is spread over all labels


@section
class ConventionalRecipe(ConventionalSettings, GradientRecipe):
    """One experiment with a conventional network."""

    kind: Literal["conventional"] = "conventional"
    training: ConventionalTraining = ConventionalTraining()

    def __post_init__(self):
        super().__post_init__()
        self.chip.require_epochs(self.training.epochs)
        if self.network.norm == "batch" and self.training.batch_size < 2:
            raise InputError('training.batch_size must be at least 2 with network.norm = "batch", got 1')
