"""A recipe of a spotter: front end, encoder, neuron, network and training of one experiment."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from circuits.units import Seconds
from snn.audio.front_end import Features
from snn.data.augmentation.augment import Augment
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.networks.spotter_settings import SpotterSettings
from snn.recipes.data_section import Head
from snn.settings import inline, section


@section
class Augmentation:
    """Altered copies of the training clips: speed, shift, room and noise on the waveform; masks on the features."""

    copies: int = Field(3, ge=0, le=100)
    waveform: Augment = inline(Augment())
    band_mask: int = Field(8, ge=0)
    frame_mask: int = Field(10, ge=0)


@section
class SpotterTraining:
    """Optimisation; the weights kept are those of the best validation epoch."""

    epochs: int = Field(40, ge=1, le=100_000)
    batch_size: int = Field(64, ge=1, le=65_536)
    learning_rate: float = Field(0.01, gt=0, le=1e30)  # their product must stay a single-precision number
    weight_decay: float = Field(1e-4, ge=0, le=1e6)
    gradient_norm: float = Field(5.0, gt=0)
    patience: int = Field(20, ge=1)  # epochs without a better validation accuracy before stopping early
    seed: int = Field(0, ge=0, lt=2**31)
    backend: Literal["auto", "reference", "cpu", "gpu"] = "auto"  # of the time loop: the numbers are the same


@section
class SpotterRecipe(SpotterSettings, Head):
    """One experiment with a spotter."""

    kind: Literal["spotter"] = "spotter"
    features: Features = Features()
    augment: Augmentation = Augmentation()
    training: SpotterTraining = SpotterTraining()

    def __post_init__(self):
        super().__post_init__()
        self.step(self.features.mel.hop_s)

    @property
    def dt(self) -> Seconds:
        """One time step of the network (s)."""
        return self.step(self.features.mel.hop_s)

    def copies(self, split: Split) -> tuple[Augment | None, int]:
        """How the clips of a split are altered, and how many copies there are of each."""
        n = self.augment.copies if split == "train" else 0
        return (self.augment.waveform if n else None), n

    def for_corpus(self, corpus: Corpus) -> "SpotterRecipe":
        """The recipe as it runs on a corpus: on multichannel signals a band is a channel.

        Masks of bands keep to a fifth of them, as 8 of the customary 40.
        """
        features = self.features.of(corpus)
        if features == self.features:
            return self
        masks = replace(self.augment, band_mask=min(self.augment.band_mask, len(corpus.channels) // 5))
        return replace(self, features=features, augment=masks)
