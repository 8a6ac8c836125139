"""Training on a task that a small network can learn: it learns, repeats, resumes, stops, and says when it fails."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from snn.audio.examples import Examples
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from snn.training.checkpoint import EpochRecord, load_tensors, save_tensors
from snn.training.gradient import Watch, batches, fit, one_cycle, validate

N_BANDS, N_FRAMES = 4, 12
SETTINGS = (
    f"n_mels={N_BANDS}", "hidden=[8]", "dropout=0.1", "band_mask=1", "frame_mask=2",
    "epochs=6", "batch_size=8", "learning_rate=0.03",
)  # fmt: skip


def examples(n_clips, seed, n_copies=1):
    """Noise on energy that rises in the lower bands and falls in the upper ones (label 0), or the reverse (label 1)."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_clips) % 2
    side = torch.where(torch.arange(N_BANDS) < N_BANDS // 2, 1.0, -1.0)
    slope = side * (1 - 2 * labels)[:, None, None] * torch.linspace(-2, 2, N_FRAMES)[:, None]
    noise = torch.randn(n_copies, n_clips, N_FRAMES, N_BANDS, generator=generator)
    return Examples(0.5 * noise + slope, labels)


TRAIN, VALIDATION = examples(30, 1, n_copies=2), examples(16, 2)


def spotter(*settings):
    recipe = parse_recipe('name = "tiny"', (*SETTINGS, *settings))
    return Spotter(recipe, recipe.features.at(8000), "ab", seed=recipe.training.seed)


def learn(model, train, validation, **how):
    return fit(model, train, validation, model.settings, **how)


def same_weights(a, b):
    state = b.state_dict()
    return all(torch.equal(value, state[name]) for name, value in a.state_dict().items())


def rows(progress):
    """History without the clock."""
    return [replace(record, seconds=0.0) for record in progress.history]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("encoder", ["lif", "delta", "rate"])
def test_it_learns_what_can_be_learned(encoder):
    model = spotter(f"kind={encoder}", "encoder.threshold=0.5", "steps_per_frame=4", "max_rate_hz=400", "epochs=15")
    assert learn(model, TRAIN, VALIDATION).best_accuracy > 0.9
    assert validate(model, examples(40, 3))[0] > 0.9
    assert not model.training


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, second, other = spotter(), spotter(), spotter("seed=1")
    histories = [rows(learn(model, TRAIN, VALIDATION)) for model in (first, second, other)]
    assert same_weights(first, second)
    assert histories[0] == histories[1]
    assert not same_weights(first, other)


def test_training_does_not_draw_from_the_global_generator():
    first, second = spotter(), spotter()
    learn(first, TRAIN, VALIDATION)
    torch.manual_seed(123)
    learn(second, TRAIN, VALIDATION)
    assert same_weights(first, second)


def raise_in_epoch(epoch, n_steps):
    """Watches that interrupt in the middle of an epoch, and right after one."""

    def on_step(done, total):
        if done > (epoch - 1) * n_steps + 1:
            raise Interrupted

    def on_epoch(record, improved):
        if record.epoch == epoch:
            raise Interrupted

    return {"in the middle": Watch(on_step=on_step), "at the end": Watch(on_epoch=on_epoch)}


@pytest.mark.parametrize("moment", ["in the middle", "at the end"])
@pytest.mark.parametrize("encoder", ["lif", "rate"])
def test_a_resumed_run_ends_as_the_uninterrupted_one(tmp_path, moment, encoder):
    path, settings = tmp_path / "checkpoint.safetensors", (f"kind={encoder}", "recurrent=true")
    whole, cut, resumed = (spotter(*settings) for _ in range(3))
    expected = learn(whole, TRAIN, VALIDATION)
    with pytest.raises(Interrupted):
        learn(cut, TRAIN, VALIDATION, checkpoint=path, watch=raise_in_epoch(3, 4)[moment])
    progress = learn(resumed, TRAIN, VALIDATION, checkpoint=path, resume=True)
    assert same_weights(whole, resumed)
    assert rows(progress) == rows(expected)
    assert replace(progress, history=[]) == replace(expected, history=[])


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    first, second = spotter(), spotter("seed=0")
    progress = learn(first, TRAIN, VALIDATION, checkpoint=path)
    again = learn(second, TRAIN, VALIDATION, checkpoint=path, resume=True, watch=raise_in_epoch(0, 0)["in the middle"])
    assert again == progress
    assert same_weights(first, second)


def test_the_weights_left_are_those_of_the_best_validation_epoch():
    model, states = spotter("epochs=8", "patience=8"), {}
    validation = Examples(VALIDATION.features, 1 - VALIDATION.labels)  # the more it learns, the worse it does here

    def on_epoch(record, improved):
        states[record.epoch] = {name: value.clone() for name, value in model.state_dict().items()}

    progress = learn(model, TRAIN, validation, watch=Watch(on_epoch=on_epoch))
    best = max(progress.history, key=lambda r: (r.validation_accuracy, -r.validation_loss))
    assert progress.best_epoch == best.epoch < progress.epoch  # else the last weights would do as well
    assert (progress.best_accuracy, progress.best_loss) == (best.validation_accuracy, best.validation_loss)
    assert all(torch.equal(value, states[best.epoch][name]) for name, value in model.state_dict().items())
    assert validate(model, validation) == (best.validation_accuracy, best.validation_loss)


def test_at_equal_accuracy_the_lower_loss_is_better():
    told = []
    learn(
        spotter("epochs=10"), TRAIN, VALIDATION, watch=Watch(on_epoch=lambda record, best: told.append((record, best)))
    )
    top = (-1.0, 0.0)
    for record, improved in told:
        score = (record.validation_accuracy, -record.validation_loss)
        assert improved == (score > top)
        top = max(top, score) if told[0][0] is not record else score
    accuracies = [record.validation_accuracy for record, best in told if best]
    assert len(set(accuracies)) < len(accuracies)  # a tie was decided by the loss


def test_it_stops_after_patience_epochs_without_a_better_one():
    progress = learn(spotter("epochs=60", "patience=3", "learning_rate=0.1"), TRAIN, VALIDATION)
    assert progress.epoch == progress.best_epoch + 3 < 60
    assert len(progress.history) == progress.epoch


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_feature_that_is_not_finite_is_an_error(bad):
    features = TRAIN.features.clone()
    features[:, 5, 3, 2] = bad
    with pytest.raises(FloatingPointError, match="--set learning_rate="):
        learn(spotter("band_mask=0", "frame_mask=0"), Examples(features, TRAIN.labels), VALIDATION)


def test_an_absurd_learning_rate_is_an_error():
    with pytest.raises(FloatingPointError, match=r"learning rate 1e\+30; lower it"):
        learn(spotter("learning_rate=1e30"), TRAIN, VALIDATION)


def test_steps_and_epochs_are_told_as_they_are_done():
    steps, records = [], []
    watch = Watch(lambda done, total: steps.append((done, total)), lambda record, best: records.append(record))
    progress = learn(spotter("epochs=2"), TRAIN, VALIDATION, watch=watch)
    assert steps == [(i, 8) for i in range(1, 9)]  # 30 clips in batches of 8, twice
    assert records == progress.history
    assert [record.epoch for record in records] == [1, 2]
    assert records[-1].learning_rate == pytest.approx(one_cycle(7, 8, 0.03))


# The schedule


def test_the_cycle_rises_over_a_fifth_and_falls_to_nothing():
    rates = [one_cycle(step, 1000, 0.5) for step in range(1001)]
    assert rates[0] == pytest.approx(0.5 / 25)
    assert max(rates) == rates[200] == pytest.approx(0.5)
    assert rates[1000] == pytest.approx(0.5 / 1e4)
    assert rates[100] == pytest.approx((0.5 + 0.5 / 25) / 2)  # half-way up a half cosine
    assert rates[600] == pytest.approx((0.5 + 0.5 / 1e4) / 2)
    assert all(a < b for a, b in pairwise(rates[:201]))
    assert all(a > b for a, b in pairwise(rates[200:]))


@pytest.mark.parametrize("n_steps", [1, 2, 3, 7])
def test_short_schedules_stay_between_floor_and_peak(n_steps):
    assert all(1e-4 <= one_cycle(step, n_steps, 1.0) <= 1 for step in range(n_steps))


# Batches


def test_each_clip_appears_once_an_epoch_as_one_of_its_copies():
    features = torch.arange(2.0)[:, None, None, None] * 100 + torch.arange(30.0)[None, :, None, None]
    train = Examples(features.expand(2, 30, 3, 2), torch.arange(30))
    drawn = list(batches(train, 8, torch.Generator().manual_seed(0)))
    labels = torch.cat([y for _, y in drawn])
    values = torch.cat([x[:, 0, 0] for x, _ in drawn])
    assert [len(y) for _, y in drawn] == [8, 8, 8, 6]
    assert sorted(labels.tolist()) == list(range(30))
    assert labels.tolist() != list(range(30))
    assert torch.equal(values % 100, labels.float())
    assert set((values // 100).tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(("n_clips", "batch_size", "sizes"), [(9, 4, [4, 4]), (1, 4, [1]), (3, 1, [1, 1, 1])])
def test_a_clip_left_alone_is_not_a_batch_unless_all_are(n_clips, batch_size, sizes):
    assert [len(y) for _, y in batches(examples(n_clips, 0), batch_size, torch.Generator())] == sizes


def test_batches_of_one_clip_can_be_trained_on():
    progress = learn(spotter("batch_size=1", "epochs=1"), examples(4, 1), VALIDATION)
    assert progress.epoch == 1


def test_scores_of_many_clips_are_those_of_each():
    many, model = examples(131, 4), spotter().double().eval()
    many = Examples(many.features.double(), many.labels)
    scores = model.score(many)
    assert torch.allclose(scores[130:], model(many.features[0, 130:]).log_scores, atol=1e-9)
    assert scores.shape == (131, 2)


# The checkpoint


def flip(path):
    data = bytearray(path.read_bytes())
    data[0] ^= 0xFF
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def garble(path):
    path.write_bytes(b"nothing")


def drop_weight(path):
    tensors, metadata = load_tensors(path)
    save_tensors(path, {name: t for name, t in tensors.items() if name != "model.readout_bias"}, metadata)


def drop_history(path):
    tensors, metadata = load_tensors(path)
    save_tensors(path, {name: t for name, t in tensors.items() if name != "history"}, metadata)


def drop_best(path):
    tensors, metadata = load_tensors(path)
    save_tensors(path, {name: t for name, t in tensors.items() if not name.startswith("best.")}, metadata)


@pytest.mark.parametrize("spoil", [flip, cut, garble, drop_weight, drop_history, drop_best])
def test_a_damaged_checkpoint_is_named(tmp_path, spoil):
    path = tmp_path / "checkpoint.safetensors"
    learn(spotter("epochs=1"), TRAIN, VALIDATION, checkpoint=path)
    spoil(path)
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors"):
        learn(spotter("epochs=2"), TRAIN, VALIDATION, checkpoint=path, resume=True)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    learn(spotter("epochs=1"), TRAIN, VALIDATION, checkpoint=path)
    with pytest.raises(ValueError, match="does not belong to this recipe"):
        learn(spotter("hidden=[9]"), TRAIN, VALIDATION, checkpoint=path, resume=True)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="is missing; train again"):
        learn(spotter(), TRAIN, VALIDATION, checkpoint=tmp_path / "none", resume=True)


def test_tensors_and_metadata_survive_a_file(tmp_path):
    path = tmp_path / "some.safetensors"
    tensors = {"a": torch.rand(3, 4).T, "b": torch.tensor(5), "c": torch.rand(2, dtype=torch.float64)}
    metadata = {"x": [1, 0.1, None], "y": {"z": "ü"}}
    save_tensors(path, tensors, metadata)
    read, told = load_tensors(path)
    assert told == metadata
    assert all(torch.equal(read[name], t) and read[name].dtype == t.dtype for name, t in tensors.items())
    assert [p.name for p in tmp_path.iterdir()] == ["some.safetensors"]


def test_a_record_is_plain_numbers():
    record = learn(spotter("epochs=1"), TRAIN, VALIDATION).history[0]
    assert all(type(value) in (int, float) for value in vars(record).values())
    assert isinstance(record, EpochRecord)
