"""Learning on chip: readout neurons learn from the spikes of the reservoir, clip by clip, while they recognise."""

from dataclasses import dataclass

import numpy as np

from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds
from snn.networks.spike_bins import bin_width
from snn.plasticity.calcium import CalciumRule
from snn.plasticity.grid import LevelGrid
from snn.plasticity.online_rule import OnlineLearning, Recognition, learn_online, recognise
from snn.plasticity.readout import ReadoutNeuron, by_time_bin
from snn.recipes.reservoir_recipe import ReadoutConfig, ReservoirRecipe
from snn.training.reservoir_fit import Heard


def rule_of(recipe: ReservoirRecipe) -> CalciumRule:
    """The rule of a recipe."""
    config, circuit = recipe.learning, recipe.readout_circuit()
    neuron = ReadoutNeuron(
        tau_mem=config.tau_readout_s,
        t_refractory=config.readout_refractory_s,
        v_floor=config.readout_floor,
        window=circuit.v_crowbar / circuit.swing,
        bias=config.readout_bias,
    )
    return CalciumRule(
        mode=config.mode,
        tau_calcium=config.tau_calcium_s,
        threshold=config.calcium_threshold,
        margin=config.margin,
        p_up=config.p_up,
        p_down=config.p_down,
        teacher=config.teacher,
        hold=config.hold,
        conserve=config.conserve,
        neuron=neuron,
        grid=LevelGrid(config.w_max, config.n_levels),
    )


def gated(clips: list[SpikeTrains], config: ReadoutConfig) -> list[SpikeTrains]:
    """One line for each bin of time and neuron, silent outside its bin: the address counter of a weight memory.

    Equal parts of a clip are known at its end: its spikes are then replayed at one pace, `width_s` a part.
    """
    return [by_time_bin(_at_pace(clip, config), config.n_bins, config.width_s) for clip in clips]


def _at_pace(clip: SpikeTrains, config: ReadoutConfig) -> SpikeTrains:
    """The clip in the readout's own time: every clip lasts as long as all bins, so a bias current counts alike."""
    pace = 1.0 if config.bins == "fixed" else config.width_s / bin_width(clip, config)
    return SpikeTrains(clip.times * pace, clip.neurons, clip.n_neurons, _replay(config))


def _replay(config: ReadoutConfig) -> Seconds:
    """How long the bins of a clip take the readout."""
    return config.n_bins * config.width_s


def _listening(heard: Heard, config: ReadoutConfig) -> Seconds:
    """How long the readout waits before that, mean over clips: equal parts of a clip are known at its end."""
    return 0.0 if config.bins == "fixed" else float(np.mean([clip.duration for clip in heard.reservoir]))


@dataclass(frozen=True, eq=False)
class OnlineResult:
    """A readout that taught itself: weights `(line, label)`, what learning did, and accuracies of what it then told."""

    weights: np.ndarray
    learning: OnlineLearning
    validation_accuracy: float
    test_accuracy: float
    told: Recognition  # of the test clips
    learning_s: Seconds  # how long learning a clip keeps the chip busy, in the time of the speech
    recognising_s: Seconds  # and recognising one
    rule: str  # its mode and what it adds to the published rule

    def as_dict(self) -> dict[str, float | int | list[float]]:
        """What metrics.json tells of it."""
        return {
            "test_accuracy": self.test_accuracy,
            "validation_accuracy": self.validation_accuracy,
            "while_learning": self.learning.prequential.tolist(),  # epoch by epoch, each clip before it is learnt
            "tie_share": self.told.tie_share,  # of the test clips, decided by the membranes
            "rule": self.rule,
            "presentations": self.learning.n_clips * len(self.learning.prequential),  # for learning, all epochs
            "weight_updates": int(self.learning.n_up.sum() + self.learning.n_down.sum()),  # in all of them
        }


def learn_readout(recipe: ReservoirRecipe, heard: dict[str, Heard], n_labels: int) -> OnlineResult:
    """Let the readout neurons learn from the training clips; the other clips are recognised only."""
    config, rule = recipe.learning, rule_of(recipe)
    lines = {split: gated(part.reservoir, recipe.readout) for split, part in heard.items()}
    rng = np.random.default_rng((recipe.training.seed, 1))
    start = np.zeros((lines["train"][0].n_neurons, n_labels))
    learning = learn_online(
        lines["train"], heard["train"].labels, rule, start, rng, epochs=config.epochs, annealing=config.annealing
    )
    told = {split: recognise(lines[split], learning.weights, rule) for split in ("validation", "test")}
    accuracy = {split: answer.accuracy(heard[split].labels) for split, answer in told.items()}
    return OnlineResult(
        learning.weights,
        learning,
        accuracy["validation"],
        accuracy["test"],
        told["test"],
        _replay(recipe.readout),
        _listening(heard["test"], recipe.readout) + _replay(recipe.readout),
        " ".join([rule.mode, *(name for name in ("hold", "conserve", "teacher") if getattr(rule, name))]),
    )
