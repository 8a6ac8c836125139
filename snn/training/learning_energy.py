"""What the readout that learns on chip costs, clip by clip: while it recognises, and while it learns in a second pass.

A row of its weight memory holds the weights of one bin, and is fetched when its bin begins.
"""

from typing import Any

from circuits.energy.learning import READOUT_UNKNOWN, LearningHardware, learning_energy, loihi_energy
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.training.online import OnlineResult, rule_of

ONLY_LEARNING = ("weight_writes", "weight_cells", "teacher")  # parts that recognising does not have


def learning_energies(online: OnlineResult, recipe: ReservoirRecipe) -> dict[str, Any]:
    """Energy of one presentation of a clip by part (J), beside 120 pJ an update on Loihi; power to hold weights (W)."""
    hardware, speed = readout_hardware(online, recipe), recipe.neuron.acceleration
    told = learning_energy(online.told.activity(hardware.circuit, online.recognising_s, speed), hardware)
    recognising = told.where(lambda entry: entry.part not in ONLY_LEARNING)
    known = {
        "recognition_per_clip_j": recognising.total,
        "recognition_energy_per_clip_j": recognising.parts,
        "weight_holding_power_w": hardware.holding_power,
        "learning_not_modelled": READOUT_UNKNOWN.not_modelled,
    }
    if not recipe.learning.epochs:
        return known
    activity = online.learning.activity(hardware.circuit, online.learning_s, speed)
    learning = learning_energy(activity, hardware)
    return known | {
        "learning_per_clip_j": learning.total,
        "learning_energy_per_clip_j": learning.parts,
        "learning_energy_per_clip_loihi_j": loihi_energy(activity),
    }


def readout_hardware(online: OnlineResult, recipe: ReservoirRecipe) -> LearningHardware:
    """The readout neurons and the memory of their weights."""
    return LearningHardware(
        circuit=recipe.readout_circuit(),
        n_weights=online.weights.size,
        bits=rule_of(recipe).grid.bits,
        n_neurons=online.weights.shape[1],
        rows=recipe.readout.n_bins,
    )
