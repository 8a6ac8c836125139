"""Products whose input is not silent: what chips that multiply count as operations, so that their TOPS/W compare.

    spikes that arrive x outputs    of membranes;      every product    of values, of which none is known to be 0

A chip may read its array in every time step all the same; what it spends on silence is then its own.
"""

from circuits.network.activity import Activity
from circuits.network.spec import MEMBRANE_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.matrices import matrices_of, uses, weighted_layers


def arriving_spikes(net: NetworkSpec, activity: Activity) -> dict[str, float]:
    """By layer of membranes, the spikes that come to its lines in an inference."""
    layers = [layer for layer in weighted_layers(net) if layer.kind in MEMBRANE_KINDS]
    return {layer.name: float(activity.presynaptic(net, layer).sum()) for layer in layers}


def active_products(net: NetworkSpec, activity: Activity) -> float:
    """Of one inference, of all layers with weights."""
    spikes = arriving_spikes(net, activity)
    return sum(_of_layer(layer, spikes.get(layer.name)) for layer in weighted_layers(net))


def _of_layer(layer: LayerSpec, spikes: float | None) -> float:
    matrices = matrices_of(layer)
    if spikes is None:
        return float(uses(layer) * sum(matrix.size for matrix in matrices))
    return spikes * sum(matrix.shape[1] for matrix in matrices)
