"""A corpus: labelled, split clips of any data set or folder, ready to be loaded."""

from dataclasses import dataclass, replace
from pathlib import Path

from circuits.errors import InputError
from snn.data.corpora.clip import Clip
from snn.data.corpora.spelling import one_form
from snn.data.corpora.splits import SPLITS, Split
from snn.data.corpora.word_folders import Media


@dataclass(frozen=True)
class Corpus:
    """Clips in a fixed order (train, validation, test; each by file name).

    `labels[clip.label]` is a clip's word; `sample_rate` is the most common native rate (Hz);
    `split_rule` says how the splits were made. `media` "signals": multichannel recordings, all of the same
    `channels`. `folder`: where they lie. `source`: the data set's name, or the resolved folder, by which it is found
    again. `notes`: what of it was left out, a line each, to be shown.
    """

    name: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    sample_rate: int | float
    split_rule: str = ""
    media: Media = "audio"
    channels: tuple[str, ...] = ()
    folder: Path = Path()
    source: str = ""
    notes: tuple[str, ...] = ()

    def split(self, split: Split) -> tuple[Clip, ...]:
        """Return the clips of one split, in the corpus's order."""
        if split not in SPLITS:
            raise InputError(f"no split {split!r}; want one of {', '.join(SPLITS)}")
        return tuple(clip for clip in self.clips if clip.split == split)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the known speakers, sorted."""
        return tuple(sorted({clip.speaker for clip in self.clips} - {""}))


def with_labels(corpus: Corpus, labels: tuple[str, ...]) -> tuple[Corpus, tuple[str, ...]]:
    """The corpus with the labels of a model, in whichever Unicode form; and the words that the model does not know,
    whose clips are left out.

    Raises:  InputError if it knows none of them.
    """
    known = {one_form(label): k for k, label in enumerate(labels)}
    strange = tuple(label for label in corpus.labels if one_form(label) not in known)
    if len(strange) == len(corpus.labels):
        raise InputError(f"the model knows none of {', '.join(strange[:5])}; it knows {', '.join(labels)}")
    index = [known.get(one_form(label)) for label in corpus.labels]
    clips = tuple(replace(c, label=k) for c in corpus.clips if (k := index[c.label]) is not None)
    return replace(corpus, labels=labels, clips=clips), strange
