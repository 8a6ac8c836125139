"""Learning inside the reservoir: STDP of its excitatory recurrent synapses over training clips, with or without reward.

A clip runs with the weights as they are; what its spikes ask for is latched after it, before the next one. With reward
an answer is judged: that of a least-squares readout fitted to the training clips before each pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.energy.learning import (
    RULES_UNKNOWN,
    LearningActivity,
    LearningHardware,
    learning_energy,
    loihi_energy,
)
from circuits.ledger import unknown
from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds
from snn.networks.reservoir import Wires, build_reservoir, run_clips
from snn.networks.spike_bins import count_features
from snn.networks.tuning import Tuning
from snn.plasticity.least_squares import LinearReadout, fit_ridge
from snn.plasticity.reward import Reward, apply_reward
from snn.plasticity.stdp import apply, stdp_updates
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.training.learning_metrics import PlasticityMetrics

READOUT_REGULARISATION = 1e-2  # of the readout that is judged, relative to the variance of a standardised count


@dataclass(frozen=True, eq=False)
class Plasticity:
    """Wires after learning, and what it took: levels moved in all, clips presented, share of right answers by pass."""

    wires: Wires
    strength: np.ndarray  # of each synapse that learns, `(synapse,)`, in units of its strength at the start
    updates: int  # synapses rewritten
    levels_changed: int
    n_clips: int
    seconds: Seconds  # of speech, all clips together
    answers: tuple[float, ...]  # empty without reward

    @property
    def synapses_at_zero(self) -> int:
        return int(np.count_nonzero(self.strength == 0))

    def metrics(self, recipe: ReservoirRecipe) -> PlasticityMetrics:
        """What metrics.json tells of it."""
        done = LearningActivity(
            n_clips=self.n_clips,
            time=self.seconds / recipe.neuron.acceleration,
            weight_updates=self.updates,
            levels_changed=self.levels_changed,
        )
        n_weights, bits = self.strength.size, recipe.plasticity.grid.bits  # each synapse holds its own level
        energy = learning_energy(done, LearningHardware(circuit=recipe.circuit(), n_weights=n_weights, bits=bits))
        rewarded = ("the readout whose answers are rewarded",) if self.answers else ()
        return PlasticityMetrics(
            rule=recipe.plasticity.rule,
            weight_updates=self.updates,
            levels_changed=self.levels_changed,
            synapses_at_zero=self.synapses_at_zero,
            right_answers=self.answers,
            energy_per_clip_j={name: joules for name, joules in energy.parts.items() if joules},
            energy_per_clip_loihi_j=loihi_energy(done),
            not_modelled=tuple((RULES_UNKNOWN + unknown(*rewarded)).not_modelled),
        )


def learn_inside(
    recipe: ReservoirRecipe,
    wires: Wires,
    tuning: Tuning,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
    reporter: Reporter = Reporter(),
) -> Plasticity:
    """Present the training clips `passes` times in random order; inhibitory and input synapses stay."""
    config, grid = recipe.plasticity, recipe.plasticity.grid
    rng, judge = np.random.default_rng((recipe.training.seed, 2)), Reward()
    source, target = np.nonzero(wires.recurrent > 0)
    start, strength = wires.recurrent[source, target], np.ones(source.size)
    done, seconds, answers = np.zeros(2, dtype=int), 0.0, []  # done: synapses rewritten, levels changed
    for turn in range(config.passes):
        readout = _readout(recipe, wires, tuning, inputs, labels) if config.rule == "reward" else None
        right = 0
        for presented, clip in enumerate(rng.permutation(len(inputs)), 1):
            spikes = _spikes(recipe, wires, tuning, inputs[clip])
            asked = stdp_updates(spikes, source, target, config.stdp)
            if readout is None:
                strength, *moved = apply(strength, asked, grid, rng)
            else:
                is_right = bool(readout.scores(count_features([spikes], recipe.readout)).argmax() == labels[clip])
                reward, judge = judge.judge(is_right)
                strength, *moved = apply_reward(strength, asked, reward, grid, rng)
                right += is_right
            wires = _with(wires, source, target, start * strength)
            done, seconds = done + moved, seconds + spikes.duration
            reporter.on_stage(f"{config.rule} inside the reservoir, pass {turn + 1}", presented, len(inputs))
        answers += [right / len(inputs)] if readout is not None else []
    return Plasticity(wires, strength, *map(int, done), config.passes * len(inputs), seconds, tuple(answers))


def _with(wires: Wires, source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Wires:
    recurrent = wires.recurrent.copy()
    recurrent[source, target] = weights
    return wires._replace(recurrent=recurrent)


def _spikes(recipe: ReservoirRecipe, wires: Wires, tuning: Tuning, clip: np.ndarray | SpikeTrains) -> SpikeTrains:
    """Spikes of the reservoir's own neurons in one clip, in the time of the speech."""
    reservoir = build_reservoir(recipe, tuning.scale, wires)
    spikes = reservoir.respond(clip).spikes
    return spikes.select(reservoir.n_input, spikes.n_neurons)


def _readout(
    recipe: ReservoirRecipe,
    wires: Wires,
    tuning: Tuning,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
) -> LinearReadout:
    """What answers while the reservoir learns from reward."""
    heard = run_clips(build_reservoir(recipe, tuning.scale, wires), inputs, labels)
    features = count_features(heard.reservoir, recipe.readout)
    return fit_ridge(features, labels, int(labels.max()) + 1, READOUT_REGULARISATION)
