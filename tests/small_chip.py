"""Two inputs and three recurrent neurons on a circuit of known device: a chip small enough to be worked out by hand."""

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.units import us
from circuits.variation.chip_spread import TYPICAL, Condition, Silicon, perturbed
from tests.starved import STARVED

CIRCUIT = replace(STARVED, t_refractory=2 * us, g_leak=2.5e-11, v_sink=-0.4)
DEVICE = CIRCUIT.device


def _layer(name, kind, weights, tau, recurrent=None) -> LayerSpec:
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.zeros(n), np.full(n, tau), np.ones(n), recurrent)


def small_net(fan: int = 2, n: int = 3, weight: float = 0.8, recurrent: float = 0.07) -> ChipNetwork:
    loops = recurrent * (np.arange(n)[:, None] != np.arange(n))
    drive = np.diag(np.full(fan, 10.0))
    first = _layer("input", "encoder", drive, 5 * us)
    core = _layer("core", "lif", np.full((fan, n), weight), 20 * us, loops)
    return ChipNetwork(NetworkSpec("net", 5 * us, (first, core)), CIRCUIT)


NET = small_net()


def charge_factors(condition: Condition, silicon: Silicon = TYPICAL, knobs=None, net: NetworkSpec = NET) -> dict:
    """Factors on the charges, line by line, of devices that are there."""
    there, _ = perturbed(net, condition, silicon, knobs)
    result = {}
    for before, after in zip(net.network.layers, there.network.layers, strict=True):
        for name in ("weights", "recurrent"):
            if (array := getattr(before, name)) is not None:
                result[before.name, name] = getattr(after, name)[array != 0] / array[array != 0]
    return result


def overdrive(current: float) -> float:
    """u = V_DG - V_0 of a device of that current, found by bisection."""
    return brentq(lambda u: CIRCUIT.width * DEVICE.prefactor * u * math.exp(-DEVICE.v_slope / u) - current, 0.1, 3)
