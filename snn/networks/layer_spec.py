"""Trained layers as plain data: weights in thresholds, normalisation folded in.

One step of the membrane, v = alpha v + (1 - alpha) drive, adds (1 - alpha) W per spike: that product is the weight of
the spec, with the batch normalisation y = s x + t folded in as W s and a bias of t.
"""

import numpy as np
import torch
from torch import Tensor

from circuits.network.chip_network import BiasDevices
from circuits.network.spec import LayerSpec
from snn.encoders.encoder import LIFEncoder
from snn.networks.layer import SpikingLayer
from snn.networks.silicon_layer import SiliconLayer
from snn.neurons.silicon_bias import SiliconBias


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def encoder_spec(encoder: LIFEncoder) -> LayerSpec:
    """The neurons of an encoder, a row of weights for each band."""
    params, n = encoder.params(), encoder.n_out
    share = 1 - params.alpha
    gain = encoder.gain.new_zeros(n // encoder.per_channel, n)
    gain[torch.arange(n) // encoder.per_channel, torch.arange(n)] = encoder.gain * share
    tau, threshold = _numpy(encoder.tau_mem), _numpy(params.v_threshold)
    return LayerSpec("encoder", "encoder", _numpy(gain), _numpy(encoder.bias * share), tau, threshold)


def layer_spec(name: str, layer: SpikingLayer) -> LayerSpec:
    """A spiking layer."""
    params, (scale, offset) = layer.params(), layer.scale_and_offset()
    share = 1 - params.alpha
    return LayerSpec(
        name=name,
        kind="adaptive_lif" if layer.adaptive else "lif",
        weights=_numpy(layer.weight * scale * share),
        bias=_numpy(offset * share),
        tau_mem=_numpy(layer.tau_mem),
        v_threshold=_numpy(params.v_threshold),
        recurrent=None if layer.recurrent is None else _numpy(layer.recurrent * share),
        tau_adapt=_numpy(layer.tau_adapt) if layer.adaptive else None,
        adapt_a=_numpy(params.a) if layer.adaptive else None,
        adapt_b=_numpy(params.b) if layer.adaptive else None,
    )


def silicon_spec(name: str, layer: SiliconLayer) -> LayerSpec:
    """The layer as plain data; `bias_devices(layer.bias)` are the gate biases and widths that it learned."""
    with torch.no_grad():
        params = layer.params()
        share = 1 - params.alpha
        weights, bias = _numpy(layer.weight * share), _numpy(layer.bias.drive(layer.tau_mem) * share)
        return LayerSpec(name, "lif", weights, bias, _numpy(layer.tau_mem), _numpy(params.v_threshold))


def bias_devices(bias: SiliconBias) -> BiasDevices:
    """The devices of a layer as plain data."""
    with torch.no_grad():
        return BiasDevices(_numpy(bias.v_gs), _numpy(bias.width), bias.acceleration)


def readout_spec(weight: Tensor, bias: Tensor, tau: Tensor, alpha: Tensor) -> LayerSpec:
    """Leaky integrators: weight `(neuron, label)`, bias, time constant (s) and its decay in a step `(label,)`."""
    share = 1 - alpha
    return LayerSpec(
        name="readout",
        kind="readout",
        weights=_numpy(weight * share),
        bias=_numpy(bias * share),
        tau_mem=_numpy(tau),
        v_threshold=_numpy(torch.ones_like(bias)),
    )
