"""Trained layers as plain data: weights in thresholds, normalisation folded in.

One step of the membrane, v = alpha v + (1 - alpha) drive, adds (1 - alpha) W per spike: that product is the weight of
the spec. Time constants are those of the very alpha that the kernels take, tau = -dt / ln alpha.
"""

import numpy as np
import torch
from torch import Tensor

from circuits.errors import InputError
from circuits.network.chip_network import BiasDevices
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.units import Seconds
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.networks.silicon_layer import SiliconLayer
from snn.neurons.adaptive import AdaptiveParams
from snn.neurons.silicon_bias import SiliconBias


def network_spec(
    network: Network, dt: Seconds, *, name: str, labels: tuple[str, ...] = (), input_name: str = "features"
) -> NetworkSpec:
    """A network in steps of `dt` (s). Raises: InputError if its layers differ in the floor of inhibition."""
    first = () if network.encoder is None else (encoder_spec(network.encoder, dt),)
    hidden = [layer_spec(f"hidden{i}", layer, dt) for i, layer in enumerate(network.layers, 1)]
    stages = (*(() if network.encoder is None else (network.encoder,)), *network.layers)
    floors = {stage.params.v_floor for stage in stages}
    if len(floors) > 1:
        raise InputError(f"{name}: v_floor differs between layers, {sorted(floors)}; a chip has one rail: give all one")
    layers = (*first, *hidden, readout_spec(network.readout, dt))
    return NetworkSpec(name, dt, layers, labels=labels, input_name=input_name, v_floor=floors.pop())


def populations(network: Network) -> tuple[str, ...]:
    """Names of the spiking populations, in order."""
    hidden = (f"hidden{i}" for i in range(1, len(network.layers) + 1))
    return (*(() if network.encoder is None else ("encoder",)), *hidden)


def encoder_spec(encoder: GainLayer, dt: Seconds) -> LayerSpec:
    """The neurons of an encoder, a row of weights for each band."""
    params, n = encoder.params, len(encoder.gain)
    share, neuron = 1 - params.alpha, torch.arange(n)
    gain = encoder.gain.new_zeros(n // encoder.per_channel, n)
    gain[neuron // encoder.per_channel, neuron] = encoder.gain * share
    tau, threshold = _tau(params.alpha, dt), _numpy(params.v_threshold)
    return LayerSpec("encoder", "encoder", _numpy(gain), _numpy(encoder.bias * share), tau, threshold)


def layer_spec(name: str, layer: DenseLayer, dt: Seconds) -> LayerSpec:
    """A spiking layer, its normalisation folded in."""
    params, share = layer.params, 1 - layer.params.alpha
    adaptive = isinstance(params, AdaptiveParams)
    return LayerSpec(
        name=name,
        kind="adaptive_lif" if adaptive else "lif",
        weights=_numpy(layer.weight * share),
        bias=_numpy(layer.bias * share),
        tau_mem=_tau(params.alpha, dt),
        v_threshold=_numpy(params.v_threshold),
        recurrent=None if layer.recurrent is None else _numpy(layer.recurrent * share),
        tau_adapt=_tau(params.rho, dt) if adaptive else None,
        adapt_a=_numpy(params.a) if adaptive else None,
        adapt_b=_numpy(params.b) if adaptive else None,
    )


def readout_spec(readout: Readout, dt: Seconds) -> LayerSpec:
    """Leaky integrators."""
    share = 1 - readout.alpha
    weights, bias = _numpy(readout.weight * share), _numpy(readout.bias * share)
    return LayerSpec("readout", "readout", weights, bias, _tau(readout.alpha, dt), np.ones(len(bias)))


def silicon_spec(name: str, layer: SiliconLayer) -> LayerSpec:
    """The layer as plain data; `bias_devices(layer.bias)` are the gate biases and widths that it learned."""
    with torch.no_grad():
        return layer_spec(name, layer.dense(), layer.dt)


def bias_devices(bias: SiliconBias) -> BiasDevices:
    """The devices of a layer as plain data."""
    with torch.no_grad():
        return BiasDevices(_numpy(bias.v_gs), _numpy(bias.width), bias.acceleration)


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _tau(kept: Tensor, dt: Seconds) -> np.ndarray:
    """Time constants (s) of what is left after one step, 0 or infinite where that is none or all."""
    with np.errstate(divide="ignore"):
        return dt / np.abs(np.log(_numpy(kept)))
