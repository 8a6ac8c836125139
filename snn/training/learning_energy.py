"""What the readout that learns on chip costs, clip by clip: while it recognises, and while it learns in a second pass.

A row of its weight memory holds the weights of one bin, and is fetched when its bin begins.
"""

from circuits.energy.learning import READOUT_UNKNOWN, LearningHardware, learning_energy, loihi_energy
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.training.learning_metrics import OnlineMetrics
from snn.training.online import OnlineResult

ONLY_LEARNING = ("weight_writes", "weight_cells", "teacher")  # parts that recognising does not have


def online_metrics(online: OnlineResult, recipe: ReservoirRecipe) -> OnlineMetrics:
    """What metrics.json tells of it."""
    hardware, speed, rule = readout_hardware(online, recipe), recipe.neuron.acceleration, recipe.learning.rule
    cost = learning_energy(online.recognition.activity(hardware.circuit, online.recognising_s, speed), hardware)
    recognising = cost.where(lambda entry: entry.part not in ONLY_LEARNING)
    learned, learning, loihi = online.learning, None, None
    if recipe.learning.epochs:
        activity = learned.activity(hardware.circuit, online.learning_s, speed)
        learning, loihi = learning_energy(activity, hardware), loihi_energy(activity)
    return OnlineMetrics(
        test_accuracy=online.test_accuracy,
        validation_accuracy=online.validation_accuracy,
        while_learning=tuple(learned.prequential.tolist()),
        tie_share=online.recognition.tie_share,
        rule=" ".join([rule.mode, *(name for name in ("hold", "conserve", "teacher") if getattr(rule, name))]),
        presentations=learned.n_clips * len(learned.prequential),
        weight_updates=int(learned.n_up.sum() + learned.n_down.sum()),
        recognition_per_clip_j=recognising.total,
        recognition_energy_per_clip_j=recognising.parts,
        weight_holding_power_w=hardware.holding_power,
        learning_not_modelled=tuple(READOUT_UNKNOWN.not_modelled),
        learning_per_clip_j=learning.total if learning else None,
        learning_energy_per_clip_j=learning.parts if learning else None,
        learning_energy_per_clip_loihi_j=loihi,
    )


def readout_hardware(online: OnlineResult, recipe: ReservoirRecipe) -> LearningHardware:
    """The readout neurons and the memory of their weights."""
    weights, rule = online.learning.weights, recipe.learning.rule
    return LearningHardware(
        circuit=recipe.readout_circuit(),
        n_weights=weights.size,
        bits=rule.grid.bits,
        n_neurons=weights.shape[1],
        rows=recipe.readout.n_bins,
    )
