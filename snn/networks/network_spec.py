"""From a trained spotter to plain data: `NetworkSpec`, weights in thresholds, normalisation folded in."""

import numpy as np
import torch
from torch import Tensor

from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from snn.encoders.encoder import LIFEncoder
from snn.networks.layer import SpikingLayer
from snn.networks.silicon_layer import SiliconLayer
from snn.networks.spotter import Spotter
from snn.neurons.lif import decay
from snn.neurons.silicon_bias import SiliconBias
from snn.recipes.recipe import Recipe


def network_spec(model: Spotter, labels: tuple[str, ...] = ()) -> NetworkSpec:
    """The network in thresholds and seconds.

    One step of the membrane, v = alpha v + (1 - alpha) drive, adds (1 - alpha) W q per spike: that product is the
    weight of the spec, with the batch normalisation y = s x + t folded in as W s and a bias of t.
    """
    with torch.no_grad():
        layers = [_encoder_spec(model.encoder)] if isinstance(model.encoder, LIFEncoder) else []
        layers += [_layer_spec(f"hidden{i}", layer) for i, layer in enumerate(model.layers, 1)]
        layers.append(_readout_spec(model))
    return NetworkSpec(
        name=model.recipe.name,
        dt=model.dt,
        layers=tuple(layers),
        labels=labels,
        input_name=input_name(model.recipe),
        v_floor=model.recipe.neuron.circuit().v_floor,
    )


def chip_network(model: Spotter, labels: tuple[str, ...] = ()) -> ChipNetwork:
    """The network on the circuit that its recipe was trained for, with the bias devices that it learned."""
    devices = {f"hidden{i}": bias_devices(x.silicon) for i, x in enumerate(model.layers, 1) if x.silicon is not None}
    return ChipNetwork(network_spec(model, labels), model.recipe.neuron.circuit(), devices)


def input_name(recipe: Recipe) -> str:
    """What the first layer is driven by, in words and numbers: front end, and the encoder where it has no neurons."""
    f, e = recipe.features, recipe.encoder
    rate = "the recordings' rate" if f.sample_rate is None else f"{f.sample_rate} samples/s"
    level = "level-normalised " if f.normalise in ("band", "clip") else ""
    text = (
        f"clips of {f.duration_s:g} s; {f.n_mels} channels, mean over {f.hop_s:g} s, normalised by {f.normalise}"
        if f.front_end == "signal"
        else f"{level}clips of {f.duration_s:g} s at {rate}; log-mel, {f.n_mels} bands from {f.f_min_hz:g} Hz to "
        f"{'half the rate' if f.f_max_hz is None else f'{f.f_max_hz:g} Hz'}, Hann window {f.window_s:g} s, "
        f"hop {f.hop_s:g} s, normalised by {f.normalise}"
    )
    detail = {
        "lif": "",
        "delta": f"; send-on-delta, threshold {e.threshold:g}",
        "latency": f"; latency, {e.steps_per_frame} steps per frame",
        "rate": f"; rate, {e.max_rate_hz:g} Hz at most, {e.steps_per_frame} steps per frame",
    }
    return text + detail[e.kind]


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _encoder_spec(encoder: LIFEncoder) -> LayerSpec:
    params, n = encoder.params(), encoder.n_out
    share = 1 - params.alpha
    gain = encoder.gain.new_zeros(n // encoder.per_channel, n)
    gain[torch.arange(n) // encoder.per_channel, torch.arange(n)] = encoder.gain * share
    tau, threshold = _numpy(encoder.tau_mem), _numpy(params.v_threshold)
    return LayerSpec("encoder", "encoder", _numpy(gain), _numpy(encoder.bias * share), tau, threshold)


def _layer_spec(name: str, layer: SpikingLayer) -> LayerSpec:
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


def _readout_spec(model: Spotter) -> LayerSpec:
    share = 1 - decay(model.tau_readout, model.dt)
    return LayerSpec(
        name="readout",
        kind="readout",
        weights=_numpy(model.readout_weight * share),
        bias=_numpy(model.readout_bias * share),
        tau_mem=_numpy(model.tau_readout),
        v_threshold=_numpy(torch.ones_like(model.readout_bias)),
    )
