"""What recipes have in common whose networks gradient descent trains: front end, augmentation, optimisation."""

from dataclasses import replace
from typing import TypeVar

from pydantic import Field

from snn.audio.front_end import Features
from snn.data.augmentation.augment import Augment
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.recipes.data_section import Head
from snn.settings import inline, section

R = TypeVar("R", bound="GradientRecipe")


@section
class Augmentation:
    """Altered copies of the training clips: speed, shift, room and noise on the waveform; masks on the features."""

    copies: int = Field(3, ge=0, le=100)
    waveform: Augment = inline(Augment())
    band_mask: int = Field(8, ge=0)
    frame_mask: int = Field(10, ge=0)


@section
class GradientTraining:
    """Optimisation; the weights kept are those of the best validation epoch."""

    epochs: int = Field(40, ge=1, le=100_000)
    batch_size: int = Field(64, ge=1, le=65_536)
    learning_rate: float = Field(0.01, gt=0, le=1e30)  # their product must stay a single-precision number
    weight_decay: float = Field(1e-4, ge=0, le=1e6)
    gradient_norm: float = Field(5.0, gt=0)
    patience: int = Field(20, ge=1)  # epochs without a better validation accuracy before stopping early
    seed: int = Field(0, ge=0, lt=2**31)


@section
class GradientRecipe(Head):
    """What the clips become, how they are altered, and how long and fast a network learns."""

    features: Features = Features()
    augment: Augmentation = Augmentation()
    training: GradientTraining = GradientTraining()

    def copies(self, split: Split) -> tuple[Augment | None, int]:
        """How the clips of a split are altered, and how many copies there are of each."""
        n = self.augment.copies if split == "train" else 0
        return (self.augment.waveform if n else None), n

    def for_corpus(self: R, corpus: Corpus) -> R:
        """The recipe as it runs on a corpus: on multichannel signals a band is a channel.

        Masks of bands keep to a fifth of them, as 8 of the customary 40.
        """
        features = self.features.of(corpus)
        if features == self.features:
            return self
        masks = replace(self.augment, band_mask=min(self.augment.band_mask, len(corpus.channels) // 5))
        return replace(self, features=features, augment=masks)
