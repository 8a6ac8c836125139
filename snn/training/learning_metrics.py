"""What metrics.json tells of the ways in which a reservoir learns, and of the layer that it is compared with."""

from snn.settings import Amount, Count, Share, record


@record
class OnlineMetrics:
    """What a readout that taught itself did and what it costs; energies are of one presentation of a clip, by part.

    Beside learning stands an update of 120 pJ on Loihi. Without an epoch of learning there is only recognising.
    """

    test_accuracy: Share
    validation_accuracy: Share
    while_learning: tuple[Share, ...]  # epoch by epoch, each clip before it is learnt
    tie_share: Share  # of the test clips, decided by the membranes
    rule: str  # its mode and what it adds to the published rule
    presentations: Count  # for learning, all epochs
    weight_updates: Count  # in all of them
    recognition_per_clip_j: Amount
    recognition_energy_per_clip_j: dict[str, Amount]
    weight_holding_power_w: Amount
    learning_not_modelled: tuple[str, ...]
    learning_per_clip_j: Amount | None = None
    learning_energy_per_clip_j: dict[str, Amount] | None = None
    learning_energy_per_clip_loihi_j: Amount | None = None


@record
class PlasticityMetrics:
    """What learning inside the reservoir did, and what it cost; energies are of one clip."""

    rule: str
    weight_updates: Count
    levels_changed: Count
    synapses_at_zero: Count
    right_answers: tuple[Share, ...]
    energy_per_clip_j: dict[str, Amount]
    energy_per_clip_loihi_j: Amount
    not_modelled: tuple[str, ...]


@record
class EpropMetrics:
    """What a layer trained by e-prop answers: by its own readout, and by least squares on its spikes, binned."""

    validation_accuracy: Share
    test_accuracy: Share
    binned_validation_accuracy: Share
    binned_test_accuracy: Share
    validation_by_epoch: tuple[Share, ...]
