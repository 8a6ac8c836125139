"""The silicon that one batch meets: another chip each time, so that what is learned holds on all of them.

    weight_noise:   w' = w + noise max|w| z                                (w not zero; max of an array)
    mismatch:       w' = w exp(sigma z) C / C',   b' = b exp(sigma z) C / C'   (each current is a device of its own)
                    tau_mem' = tau_mem C' / C,   v_threshold' = v_threshold + sigma_threshold z / swing

z are normal, one for each device. The currents of tunnelling devices are log-normal, and thresholds and capacitors
deviate with them, as `circuits.variation.mismatch` says (`spread_of_current`); a leak is a conductance and keeps. One
step of a kernel adds (1 - alpha) W, so W takes (1 - alpha) / (1 - alpha') too. Gradients pass as through factors.
Source of training under noise: Joshi et al. 2020, 10.1038/s41467-020-16108-9.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.neuron.circuit import LIFCircuit
from circuits.variation.mismatch import spread_of_current
from snn.kernels.reference import DenseLayer, GainLayer, Network, Params, Readout
from snn.networks.chip_settings import ChipSettings

LEAST_THRESHOLD = 0.05  # of the swing: below it no neuron is left to train
Draw = Callable[[Tensor], Tensor]  # standard normal numbers, one for each of a tensor


def normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal numbers, drawn where generators are: on the CPU."""
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)


def noisy(
    weight: Float[Tensor, "..."], relative: float, generator: torch.Generator | None = None
) -> Float[Tensor, "..."]:
    """Each weight that is not zero with noise of so much of the largest."""
    size = relative * weight.detach().abs().max()
    return weight + size * normal(weight, generator) * (weight.detach() != 0)


def mismatched(
    weight: Float[Tensor, "..."], sigma: float, generator: torch.Generator | None = None
) -> Float[Tensor, "..."]:
    """Each weight times the log-normal factor of its device; the median is 1."""
    return weight * torch.exp(sigma * normal(weight, generator))


def on_silicon(network: Network, chip: ChipSettings, circuit: LIFCircuit, generator: torch.Generator | None) -> Network:
    """The network on a chip that is drawn now; itself, and nothing drawn, where chips do not differ."""
    if chip.weight_noise:
        return _noisy_network(network, chip.weight_noise, generator)
    if not chip.mismatch:
        return network
    spread = spread_of_current(circuit, chip.mismatch)
    one = _Chip(chip.mismatch, spread.sigma_c, spread.sigma_threshold / circuit.swing, generator)
    encoder = None if network.encoder is None else one.encoder(network.encoder)
    return Network(tuple(map(one.layer, network.layers)), one.readout(network.readout), encoder)


def _noisy_network(network: Network, relative: float, generator: torch.Generator | None) -> Network:
    noise = partial(noisy, relative=relative, generator=generator)
    layers = tuple(
        layer._replace(
            weight=noise(layer.weight), recurrent=None if layer.recurrent is None else noise(layer.recurrent)
        )
        for layer in network.layers
    )
    return network._replace(layers=layers, readout=network.readout._replace(weight=noise(network.readout.weight)))


class _Chip:
    """What one chip makes of each population; draws in the order of the network."""

    def __init__(self, current: float, capacitor: float, threshold: float, generator: torch.Generator | None):
        self.current, self.capacitor, self.threshold, self.generator = current, capacitor, threshold, generator

    def layer(self, layer: DenseLayer) -> DenseLayer:
        alpha, share = self._leak(layer.params.alpha)
        recurrent = None if layer.recurrent is None else self._currents(layer.recurrent) * share
        return layer._replace(
            weight=self._currents(layer.weight) * share,
            bias=self._currents(layer.bias) * share,
            recurrent=recurrent,
            params=self._neurons(layer.params, alpha),
        )

    def encoder(self, encoder: GainLayer) -> GainLayer:
        alpha, share = self._leak(encoder.params.alpha)
        gain, bias = (self._currents(part) * share for part in (encoder.gain, encoder.bias))
        return encoder._replace(gain=gain, bias=bias, params=self._neurons(encoder.params, alpha))

    def readout(self, readout: Readout) -> Readout:
        alpha, share = self._leak(readout.alpha)
        weight, bias = (self._currents(part) * share for part in (readout.weight, readout.bias))
        return Readout(weight, bias, alpha)

    def _currents(self, weight: Tensor) -> Tensor:
        return mismatched(weight, self.current, self.generator)

    def _leak(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """alpha on this chip, exp(-dt / tau_mem'), and what a weight of the kernels is multiplied by."""
        ratio = torch.exp(-self.capacitor * normal(alpha, self.generator))  # C / C'
        here = alpha**ratio
        return here, ratio * (1 - alpha) / (1 - here)

    def _neurons(self, params: Params, alpha: Tensor) -> Params:
        moved = params.v_threshold + self.threshold * normal(params.v_threshold, self.generator)
        return params._replace(alpha=alpha, v_threshold=moved.clamp_min(LEAST_THRESHOLD))
