"""A front end is part of the model that was trained with it: another one is refused, and what differs is named."""

from dataclasses import replace

import pytest

from snn import AudioStream, Spotter, evaluate, load_examples, load_recipe, load_run, open_corpus, train
from snn.data.corpora.corpus import Corpus


@pytest.fixture
def corpus(few) -> Corpus:
    return open_corpus(few)


def spotter(corpus, *settings):
    recipe = load_recipe("demo", ["n_mels=8", "hidden=[6]", "duration_s=0.3", "normalise=running", *settings])
    return Spotter(recipe, recipe.features.at(corpus.sample_rate), corpus.labels)


OTHERS = [
    ({"hop_s": 0.005}, "hop_s = 0.005"),
    ({"normalise": "none"}, "normalise = none"),
    ({"n_mels": 9}, "n_mels = 9"),
]
OTHERS += [({"sample_rate": 16_000}, "sample_rate = 16000"), ({"window_s": 0.032}, "window_s = 0.032")]


@pytest.mark.parametrize(("change", "said"), OTHERS)
def test_examples_of_another_front_end_are_not_evaluated(corpus, change, said):
    model = spotter(corpus)
    clips = corpus.split("test")
    assert evaluate(model, load_examples(clips, model.front_end)).activity.n_clips == len(clips)
    with pytest.raises(ValueError, match=f"trained with another front end: {said}"):
        evaluate(model, load_examples(clips, replace(model.front_end, **change)))


@pytest.mark.parametrize(("change", "said"), OTHERS)
def test_a_stream_hears_through_the_front_end_of_its_model(corpus, change, said):
    model = spotter(corpus)
    assert AudioStream(model).mel == model.front_end
    AudioStream(model, replace(model.front_end, duration_s=5.0))  # a stream has no length
    with pytest.raises(ValueError, match=f"trained with another front end: {said}"):
        AudioStream(model, replace(model.front_end, **change))


def test_a_hop_half_as_long_is_another_time_step_of_the_same_recipe(corpus):
    """So a spotter of its own, whose step follows its front end."""
    assert spotter(corpus, "hop_s=0.005").dt == 0.5 * spotter(corpus).dt == 0.005


def test_a_run_knows_what_it_was_trained_with(few, recipe, tmp_path):
    """Hop, bands and rate come back from the folder, those of the recordings included."""
    settings = ("hop_s=0.02", "n_mels=7", "epochs=1")
    train(load_recipe(recipe, settings), few, tmp_path / "run")
    front_end = load_run(tmp_path / "run").model.front_end
    assert (front_end.hop_s, front_end.n_mels, front_end.sample_rate, front_end.duration_s) == (0.02, 7, 8000, 0.3)
