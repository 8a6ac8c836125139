"""Whether a spike is on a chip's bill: the price of a few neurons that fire against that of the same ones silent."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from circuits.chips import load_chip
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.units import Seconds

STEP: Seconds = 0.01
STEPS, FIRED = 100, 10.0  # time steps of the inference, spikes in it of each neuron


def charges_spikes(chip: str | Path) -> bool:
    """Whether the same few neurons cost more when they fire; True of a chip that cannot hold them, which says so."""
    net, silent = _few_neurons()
    technology = load_chip(chip)
    if technology.check(net):
        return True
    firing = replace(silent, spikes={name: np.full_like(each, FIRED) for name, each in silent.spikes.items()})
    placement = technology.place(net, silent)
    prices = (technology.price(net, activity, placement).ledger.total for activity in (silent, firing))
    return len(set(prices)) == 2


def _few_neurons() -> tuple[NetworkSpec, Activity]:
    """Two encoders, two neurons, two readouts; none of them fires."""

    def layer(name: str, kind: str) -> LayerSpec:
        return LayerSpec(name, kind, np.ones((2, 2)), np.zeros(2), np.full(2, STEP), np.ones(2))

    net = NetworkSpec("few", STEP, (layer("encoder", "encoder"), layer("hidden", "lif"), layer("out", "readout")))
    nothing = {name: np.zeros(2) for name in ("encoder", "hidden")}
    return net, Activity(1, STEPS * STEP, nothing, dict(nothing), 0.0, encoder_charge=np.zeros(2))
