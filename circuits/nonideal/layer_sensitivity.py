"""Which layer loses the most: one of them on noisy arrays, all others exact, each in turn."""

from circuits.network.spec import NetworkSpec
from circuits.nonideal.analog_network import Arrays, exact_arrays


def sensitivity(net: NetworkSpec, arrays: Arrays) -> dict[str, Arrays]:
    """By name of the layer: that layer as in `arrays`, all others exact; run each, and compare with exact ones."""
    exact = exact_arrays(net)
    return {name: {**exact, name: arrays[name]} for name in exact}
