"""Learning while recognising: one clip at a time, each recognised before it is learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from circuits.energy.learning import LearningActivity
from circuits.network.spikes import SpikeTrains
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds
from snn.plasticity.calcium import CalciumRule, Outcome, present_levels
from snn.plasticity.readout import is_tied, winner
from snn.settings import inline, section


@section
class Learning:
    """How often the readout neurons hear the training clips, and the rule by which they learn from them."""

    epochs: int = Field(20, ge=0, le=10_000)
    annealing: float = Field(0.85, gt=0, le=1)  # of the probabilities, epoch by epoch
    rule: CalciumRule = inline(
        CalciumRule(),
        threshold="calcium_threshold",
        teacher_margin=None,
        dt=None,
        neuron__tau_mem="tau_readout_s",
        neuron__t_refractory="readout_refractory_s",
        neuron__v_floor="readout_floor",  # ASSUMED: a threshold of a tenth of the swing, a rail one swing below
        neuron__bias="readout_bias",
        neuron__inhibition=None,
        neuron__window=None,
        grid__signed=None,
    )


@dataclass(frozen=True, eq=False)
class Recognition:
    """Answers of a readout to several clips."""

    labels: np.ndarray  # (clip,)
    spikes: np.ndarray  # (clip, label)
    tie_share: float  # of the clips, decided by the membrane and not by spikes
    drive_charge: float  # of all clips, in units of the charge of a weight of 1
    crowbar_time: Seconds  # of the speech, all clips and labels together
    n_weights: int  # each is fetched once a clip, when its line comes into use

    def activity(self, circuit: LIFCircuit, duration: Seconds, acceleration: float) -> LearningActivity:
        """Of all clips; each keeps the chip busy for `duration` (s), in the time of the speech."""
        n_clips = len(self.labels)
        return LearningActivity(
            n_clips=n_clips,
            time=n_clips * duration / acceleration,
            weight_reads=n_clips * self.n_weights,
            drive_charge=self.drive_charge * circuit.charge_per_weight,
            readout_spikes=self.spikes.sum(),
            crowbar_time=self.crowbar_time / acceleration,
        )

    def accuracy(self, labels: np.ndarray) -> float:
        """Share of right answers."""
        return float(np.mean(self.labels == np.asarray(labels)))


@dataclass(frozen=True, eq=False)
class OnlineLearning:
    """What learning did, epoch by epoch; `prequential` is the accuracy before learning from each clip."""

    weights: np.ndarray  # (line, label)
    prequential: np.ndarray  # (epoch,)
    n_up: np.ndarray  # (epoch,)
    n_down: np.ndarray  # (epoch,)
    teacher_charge: np.ndarray  # (epoch,), in units of the charge of a weight of 1
    drive_charge: np.ndarray  # (epoch,), likewise
    n_fetched: np.ndarray  # (epoch,), weights read besides those of each presentation
    crowbar_time: np.ndarray  # (epoch,), s of the speech
    readout_spikes: np.ndarray  # (epoch,), while learning; those of recognising are not in it
    n_clips: int

    def activity(self, circuit: LIFCircuit, duration: Seconds, acceleration: float) -> LearningActivity:
        """Of all epochs, recognising not included; a clip lasts `duration` (s) in the time of the speech."""
        moved, n_clips = self.n_up.sum() + self.n_down.sum(), self.n_clips * len(self.prequential)
        return LearningActivity(
            n_clips=n_clips,
            time=n_clips * duration / acceleration,
            weight_reads=n_clips * self.weights.size + self.n_fetched.sum(),
            weight_updates=moved,
            levels_changed=moved,
            teacher_charge=self.teacher_charge.sum() * circuit.charge_per_weight,
            drive_charge=self.drive_charge.sum() * circuit.charge_per_weight,
            readout_spikes=self.readout_spikes.sum(),
            crowbar_time=self.crowbar_time.sum() / acceleration,
        )


def learn_online(
    trains: Sequence[SpikeTrains],
    labels: Sequence[int] | np.ndarray,
    rule: CalciumRule,
    weights: np.ndarray,
    rng: np.random.Generator,
    epochs: int = 1,
    annealing: float = 1.0,
) -> OnlineLearning:
    """Present every clip `epochs` times in random order; probabilities shrink by `annealing` an epoch."""
    index, labels = rule.grid.index(weights), np.asarray(labels)
    history = []
    for epoch in range(epochs):
        factor = annealing**epoch
        now = replace(rule, p_up=rule.p_up * factor, p_down=rule.p_down * factor)
        history.append(_epoch(trains, labels, now, index, rng))
    columns = map(np.array, zip(*history, strict=True) if history else [()] * 8)
    return OnlineLearning(rule.grid.value(index), *columns, n_clips=len(trains))


def _epoch(trains, labels, rule, index, rng) -> tuple[float | int, ...]:
    right, learnt = 0, []
    for clip in rng.permutation(len(trains)):
        before = present_levels(index, trains[clip], None, rule, rng)
        right += int(winner(before.spikes, before.potential)) == labels[clip]
        learnt.append(present_levels(index, trains[clip], int(labels[clip]), rule, rng, before.calcium))
    return (
        right / len(trains),
        sum(outcome.n_up for outcome in learnt),
        sum(outcome.n_down for outcome in learnt),
        sum(outcome.teacher_charge for outcome in learnt),
        sum(outcome.drive_charge for outcome in learnt),
        sum(outcome.n_fetched for outcome in learnt),
        sum(outcome.crowbar_time for outcome in learnt),
        int(sum(outcome.spikes.sum() for outcome in learnt)),
    )


def recognise(trains: Sequence[SpikeTrains], weights: np.ndarray, rule: CalciumRule) -> Recognition:
    """Answers to all clips with weights `(line, label)` that stay as they are."""
    index, rng = rule.grid.index(weights), np.random.default_rng(0)  # nothing is drawn
    outcomes: list[Outcome] = [present_levels(index, clip, None, rule, rng) for clip in trains]
    spikes = np.array([outcome.spikes for outcome in outcomes])
    potential = np.array([outcome.potential for outcome in outcomes])
    driven, near = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("drive_charge", "crowbar_time"))
    return Recognition(winner(spikes, potential), spikes, float(is_tied(spikes).mean()), driven, near, weights.size)
