"""Activity of another network is refused by name and shape before a joule is charged."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit


def layer(name, kind, shape):
    one = np.ones(shape[1])
    return LayerSpec(name, kind, np.ones(shape), 0 * one, 0.02 * one, one)


HIDDEN, READOUT = layer("hidden", "lif", (3, 4)), layer("readout", "readout", (4, 2))
INSIDE = ChipNetwork(NetworkSpec("net", 0.01, (layer("encoder", "encoder", (2, 3)), HIDDEN, READOUT)), LIFCircuit())
OUTSIDE = ChipNetwork(NetworkSpec("net", 0.01, (HIDDEN, READOUT)), LIFCircuit())
COUNTS = {"encoder": np.ones(3), "hidden": np.ones(4)}
NEAR = {name: 0.05 * counts for name, counts in COUNTS.items()}
OF_INSIDE = Activity(1, 0.1, COUNTS, NEAR, 0.1, encoder_charge=np.ones(3))
OF_OUTSIDE = Activity(1, 0.1, {"hidden": np.ones(4)}, {"hidden": NEAR["hidden"]}, 0.1, np.ones(3))


def report(net, activity):
    chip = load_chip("btbt-45rfsoi", net)
    return chip.price(net.network, activity, chip.place(net.network))


def test_activity_of_the_network_is_charged():
    assert report(INSIDE, OF_INSIDE).ledger.total > 0
    assert report(OUTSIDE, OF_OUTSIDE).ledger.total > 0


@pytest.mark.parametrize(
    ("net", "activity", "said"),
    [
        (INSIDE, replace(OF_INSIDE, spikes=COUNTS | {"hidden": np.ones(5)}),
         r"spikes of layer 'hidden' has shape \(5,\), expected \(4,\)"),
        (INSIDE, replace(OF_INSIDE, near_threshold={"encoder": np.ones(3)}),
         r"near_threshold of layer 'hidden' has shape none, expected \(4,\)"),
        (INSIDE, replace(OF_INSIDE, spikes=COUNTS | {"hidden2": np.ones(2)}),
         r"spikes of layer 'hidden2' has shape \(2,\), expected none"),
        (INSIDE, replace(OF_INSIDE, encoder_charge=np.zeros(0)), r"encoder_charge has shape \(0,\), expected \(3,\)"),
        (INSIDE, replace(OF_INSIDE, input_spikes=np.ones(2)), r"input_spikes has shape \(2,\), expected \(0,\)"),
        (OUTSIDE, replace(OF_OUTSIDE, input_spikes=np.ones(2)), r"input_spikes has shape \(2,\), expected \(3,\)"),
        (OUTSIDE, replace(OF_OUTSIDE, encoder_charge=np.ones(3)), r"encoder_charge has shape \(3,\), expected \(0,\)"),
    ],
)  # fmt: skip
def test_activity_that_does_not_fit_is_refused_with_the_remedy(net, activity, said):
    with pytest.raises(ValueError, match=rf"activity does not fit 'net': {said}; .*`snn evaluate RUN`"):
        report(net, activity)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_clips": 10**308}, r"n_clips must be whole, 1 to 1e\+12"),
        ({"n_clips": True}, "n_clips must be whole"),
        ({"duration": 1e308}, r"duration must be 1e-12 s to 1e\+06 s"),
        ({"duration": 5e-324}, "duration must be 1e-12 s"),
        ({"window": 1e308}, "window must be 0 to 10 thresholds"),
        ({"spikes": COUNTS | {"hidden": np.full(4, 1e308)}}, r"spikes of layer 'hidden' must be 0 to 1e\+12"),
        ({"near_threshold": NEAR | {"hidden": np.full(4, -1.0)}}, "near_threshold of layer 'hidden' must be 0 to"),
        ({"encoder_charge": np.full(3, np.nan)}, "encoder_charge must be 0 to"),
    ],
)
def test_what_no_measurement_gives_is_refused_by_name(wrong, said):
    with pytest.raises(InputError, match=said):
        replace(OF_INSIDE, **wrong)


def test_each_line_of_a_crossbar_gets_the_spikes_of_its_source():
    loops = replace(HIDDEN, recurrent=np.diag([1.0, -1.0, 0.0, 2.0]))
    net = replace(INSIDE.network, layers=(INSIDE.network.layers[0], loops, READOUT))
    spikes = {"encoder": np.array([1.0, 2.0, 3.0]), "hidden": np.array([4.0, 5.0, 6.0, 7.0])}
    activity = replace(OF_INSIDE, spikes=spikes)
    np.testing.assert_array_equal(activity.presynaptic(net, loops), [1, 2, 3, 4, 5, 6, 7])
    assert activity.presynaptic(net, INSIDE.network.layers[0]).size == 0
    assert activity.synaptic_operations(net) == 4 * (1 + 2 + 3) + (4 + 5 + 7) + 2 * (4 + 5 + 6 + 7)
