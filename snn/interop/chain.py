"""A chain of layers as it grows operator by operator, and what can be folded into its last ones."""

import math
from dataclasses import dataclass, replace

import numpy as np

from circuits.network.convolution import Convolution
from circuits.network.spec import GRID_KINDS, POOL_KINDS, LayerSpec


class Refusal(Exception):
    """An operator that no layer can do: why, and what to do instead."""

    def __init__(self, why: str, remedy: str):
        super().__init__(f"{why}; {remedy}")


@dataclass(frozen=True, eq=False)
class Chain:
    """Layers so far, and the shape of what the last one gives, without the batch: `(channel, *grid)` or `(neuron,)`."""

    layers: tuple[LayerSpec, ...]
    shape: tuple[int, ...]

    def reshaped(self, shape: tuple[int, ...]) -> "Chain":
        """The same values in the same order."""
        return replace(self, shape=shape)

    def then(self, layer: LayerSpec, shape: tuple[int, ...]) -> "Chain":
        """One layer more, with a name of its own. Raises: Refusal where it takes maps for other channels."""
        before = self.layers[-1] if self.layers else None
        if before is not None and before.kind in GRID_KINDS and layer.convolution is not None:
            wanted, given = layer.convolution.shape_in[0], len(before.weights)
            if wanted != given:
                raise Refusal(
                    f"takes {wanted} channels, {before.name!r} gives {given}", "leave out the reshaping between them"
                )
        names = {layer.name for layer in self.layers}
        tries = (layer.name if k == 1 else f"{layer.name}_{k}" for k in range(1, len(names) + 2))
        return Chain((*self.layers, replace(layer, name=next(name for name in tries if name not in names))), shape)

    def grid(
        self, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], groups: int = 1
    ) -> Convolution:
        """A window over what the chain gives. Raises: Refusal where that is no map of 1 or 2 axes."""
        if len(self.shape) != len(kernel) + 1:
            raise Refusal(
                f"takes (batch, channel, {len(kernel)} axes), got {len(self.shape) + 1} axes in all",
                "give examples with a batch axis first",
            )
        return Convolution(self.shape, kernel, stride, padding, groups)

    def affine(self, scale: np.ndarray, shift: np.ndarray, name: str) -> "Chain":
        """scale y + shift of each channel: folded into a layer without a rectifier, else a layer of its own."""
        last = self.layers[-1] if self.layers else None
        if last is None or last.kind in POOL_KINDS or last.relu or not self._channels_of(last):
            return self._by_channel(scale, shift, name, relu=False)
        axes = (1, -1) if last.kind == "dense" else (-1, *[1] * (last.weights.ndim - 1))
        folded = replace(last, weights=last.weights * scale.reshape(axes), bias=last.bias * scale + shift)
        return replace(self, layers=(*self.layers[:-1], folded))

    def rectified(self, name: str) -> "Chain":
        """max(y, 0): of a maximum the maximum of what is rectified, and a mean of it is left as it is."""
        index = len(self.layers) - 1
        only_largest = True
        while index >= 0 and self.layers[index].kind in POOL_KINDS:
            only_largest &= self.layers[index].kind == "max_pool"
            index -= 1
        if index >= 0 and (self.layers[index].relu or only_largest):
            own = replace(self.layers[index], relu=True)
            return replace(self, layers=(*self.layers[:index], own, *self.layers[index + 1 :]))
        ones = np.ones(self.shape[0])
        return self._by_channel(ones, 0 * ones, name, relu=True)

    def _channels_of(self, layer: LayerSpec) -> bool:
        """Whether the first axis is the layer's own channels, not what a reshaping made of them."""
        n = len(layer.bias)
        return self.shape[0] == n and math.prod(self.shape) == layer.n_neurons

    def _by_channel(self, scale: np.ndarray, shift: np.ndarray, name: str, relu: bool) -> "Chain":
        shape = self.shape if len(self.shape) > 1 else (*self.shape, 1)
        ones = (1,) * (len(shape) - 1)
        if len(ones) > 2:
            raise Refusal(f"takes maps of 1 or 2 axes, got {len(ones)}", "reshape them before")
        grid = Convolution(shape, ones, ones, (0,) * len(ones), groups=shape[0])
        weights = scale.reshape(-1, 1, *ones)
        return self.then(LayerSpec(name, "conv", weights, shift, convolution=grid, relu=relu), self.shape)
