"""What a stack of modules is to the fused pass while it trains, in the mode that each of its modules is in."""

from functools import partial

from torch import nn

from circuits.errors import InputError
from snn.kernels.reference import Moments
from snn.networks.layer import Block, SpikingLayer
from snn.networks.silicon_layer import SiliconLayer
from snn.networks.spiking_model import Trained
from snn.networks.spiking_neurons import LIF, AdaptiveLIF
from snn.networks.stack_reader import placed_modules, read_stack, runs_as

SPIKING = (LIF, AdaptiveLIF, SpikingLayer, SiliconLayer)
REMEDY = "train by the loss of model(x) instead"


def trained_stack(model: nn.Sequential) -> Trained:
    """The stack as one batch trains it.

    Raises: InputError as `read_stack`, and for what the fused pass does not know: dropout of anything but spikes of
        layers, normalisation of the readout.
    """
    parts = read_stack(model)
    if parts.readout.norm is not None and parts.readout.norm.training:
        raise InputError(
            f"the fused pass does not normalise what arrives at a readout; freeze it by eval(), or {REMEDY}"
        )
    network = parts.trained()
    normalised = (mine for mine, layer in zip(parts.layers, network.layers, strict=True) if layer.norm is not None)
    return Trained(network, tuple(map(_tracker, normalised)), dropout_of_layers(model))


def dropout_of_layers(model: nn.Sequential) -> tuple[float, ...]:
    """Probability behind each spiking layer, of those nn.Dropout that are in training."""
    kept, last = [], None
    for place, module in placed_modules(model):
        if runs_as(module, nn.Dropout):
            if module.training and module.p:
                if last is None or not runs_as(last, *SPIKING):
                    raise InputError(f"the fused pass drops spikes of layers only: move Dropout {place}, or {REMEDY}")
                if module.p >= 1:
                    raise InputError(f"Dropout {place} drops every spike: give a probability below 1")
                kept[-1] *= 1 - module.p
        elif not runs_as(module, nn.Identity):
            last = module
            kept += [1.0] * runs_as(module, *SPIKING)
    return tuple(1 - part for part in kept)


def _tracker(layer: Block | SpikingLayer):
    """Lets moments of x W into those of the normalisation, which sees the bias before it too."""
    if isinstance(layer, SpikingLayer) or layer.bias is None:
        return layer.norm.track
    return partial(_track_shifted, layer)


def _track_shifted(layer: Block, moments: Moments, n_rows: int) -> None:
    layer.norm.track(Moments(moments.mean + layer.bias.detach(), moments.variance), n_rows)
