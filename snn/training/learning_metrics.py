"""What metrics.json tells of the ways in which a reservoir learns, and of the layer that it is compared with."""

from snn.settings import record


@record
class OnlineMetrics:
    """What a readout that taught itself did and what it costs; energies are of one presentation of a clip, by part.

    Beside learning stands an update of 120 pJ on Loihi. Without an epoch of learning there is only recognising.
    """

    test_accuracy: float
    validation_accuracy: float
    while_learning: tuple[float, ...]  # epoch by epoch, each clip before it is learnt
    tie_share: float  # of the test clips, decided by the membranes
    rule: str  # its mode and what it adds to the published rule
    presentations: int  # for learning, all epochs
    weight_updates: int  # in all of them
    recognition_per_clip_j: float
    recognition_energy_per_clip_j: dict[str, float]
    weight_holding_power_w: float
    learning_not_modelled: tuple[str, ...]
    learning_per_clip_j: float | None = None
    learning_energy_per_clip_j: dict[str, float] | None = None
    learning_energy_per_clip_loihi_j: float | None = None


@record
class PlasticityMetrics:
    """What learning inside the reservoir did, and what it cost; energies are of one clip."""

    rule: str
    weight_updates: int
    levels_changed: int
    synapses_at_zero: int
    right_answers: tuple[float, ...]
    energy_per_clip_j: dict[str, float]
    energy_per_clip_loihi_j: float
    not_modelled: tuple[str, ...]


@record
class EpropMetrics:
    """What a layer trained by e-prop answers: by its own readout, and by least squares on its spikes, binned."""

    validation_accuracy: float
    test_accuracy: float
    binned_validation_accuracy: float
    binned_test_accuracy: float
    validation_by_epoch: tuple[float, ...]
