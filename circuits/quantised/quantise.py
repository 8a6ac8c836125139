"""From a trained network and some of its features to whole numbers of 8 bits, without training again."""

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import MEMBRANE_KINDS, NetworkSpec
from circuits.network.value_network import channels_last, layer_values, require_values, shape_of_input
from circuits.quantised.calibration import power_of_two_unit, require_calibration
from circuits.quantised.integers import IntegerNetwork
from circuits.quantised.membrane_layers import membrane_layer
from circuits.quantised.value_layers import value_layer

LOWEST = 128  # of a signed input, without its sign


def quantise(net: NetworkSpec, calibration: np.ndarray) -> IntegerNetwork:
    """The network in whole numbers; features tell the unit of each layer's values, the trained weights the rest.

    calibration: clips of training, of values `(clip, *grid, channel)` or `(clip, fan_in)`; of membranes `(clip, step,
    channel)`, the signals of an encoder or spikes. A few hundred clips do.
    Raises: InputError for a calibration of another shape, not finite or 0 everywhere, for spikes that are not 0 or 1,
    for a network without layers or without steps, and where a number does not fit 32 bits.
    Source of scales by least squared error after training: Jacob et al. 2018 (10.1109/CVPR.2018.00286), Banner et al.
    2019 (arXiv 1810.05723).
    """
    if net.layers and net.layers[0].kind in MEMBRANE_KINDS:
        return _membranes(net, calibration)
    require_values(net)
    return _values(net, calibration)


def _values(net: NetworkSpec, x: np.ndarray) -> IntegerNetwork:
    """Layer by layer: what each gives on the calibration in real numbers sets its unit."""
    shape = shape_of_input(net)
    require_calibration(x, shape, net.name)
    first = unit = power_of_two_unit(x, signed=True)
    signed, layers = True, []
    for layer in channels_last(net):
        x = layer_values(layer, x)
        layers.append(value_layer(layer, x, unit, signed))
        unit, signed = layers[-1].unit, not layers[-1].relu
    return IntegerNetwork(net.name, tuple(layers), first, shape, net.labels)


def _membranes(net: NetworkSpec, x: np.ndarray) -> IntegerNetwork:
    if net.event_driven:
        raise InputError(
            f"network {net.name!r} is event-driven, whole numbers need time steps; train a network in steps of dt"
        )
    first = net.layers[0]
    require_calibration(x, (None, first.fan_in), net.name)
    signals = first.kind == "encoder"
    if not signals:
        _require_spikes(x, net.name)
    unit_in = unit = power_of_two_unit(x, signed=True) if signals else 1.0
    most, n_steps, layers = LOWEST * unit if signals else 1.0, x.shape[1], []
    for layer in net.layers:
        layers.append(membrane_layer(layer, net.dt, net.v_floor, unit_in, most, n_steps))
        unit_in = most = 1.0  # spikes
    return IntegerNetwork(net.name, tuple(layers), unit, x.shape[1:], net.labels, net.dt)


def _require_spikes(x: np.ndarray, name: str) -> None:
    wrong = (x != 0) & (x != 1)
    if wrong.any():
        raise InputError(
            f"network {name!r} takes spikes from outside, each 0 or 1, the calibration holds {x[wrong][0]:g}; encode "
            "the features first"
        )
