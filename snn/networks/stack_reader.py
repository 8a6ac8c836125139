"""What a stack of modules is to the kernels: read part by part, and refused by name where it cannot be."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import nn

from circuits.errors import InputError
from circuits.units import Seconds
from snn.encoders.encoder import LIFEncoder
from snn.kernels.reference import DenseLayer, Network, Readout
from snn.networks.batch_norm import BatchNorm
from snn.networks.layer import Block, SpikingLayer
from snn.networks.leaky_readout import LeakyReadout
from snn.networks.silicon_layer import SiliconLayer
from snn.networks.spiking_neurons import LIF, AdaptiveLIF
from snn.neurons.silicon_bias import SiliconBias

READABLE = (
    "an encoder or none, then nn.Linear, BatchNorm or none, LIF or AdaptiveLIF as often as wanted, at last nn.Linear "
    "and LeakyReadout; nn.Dropout and nn.Identity anywhere"
)


class Parts(NamedTuple):
    """A stack in its parts, in steps of `dt` (s)."""

    encoder: nn.Module | None
    layers: tuple[Block | SpikingLayer | SiliconLayer, ...]
    readout: Block
    dt: Seconds

    def network(self) -> Network:
        """What the kernels run: from features, or from the spikes of an encoder without neurons."""
        return self._with(tuple(layer.dense() for layer in self.layers))

    def trained(self) -> Network:
        """What the kernels train."""
        return self._with(tuple(layer.trained() for layer in self.layers))

    def _with(self, layers: tuple[DenseLayer, ...]) -> Network:
        weight, bias = self.readout.weight_and_bias()
        readout = Readout(weight, bias, self.readout.neurons.params().alpha)
        return Network(layers, readout, self.encoder.gains() if isinstance(self.encoder, LIFEncoder) else None)


def stack_network(model: nn.Sequential) -> Network:
    """A stack of modules as the kernels run it in evaluation: normalisation folded in, dropout left out.

    Raises: InputError naming the first module that is no part of such a stack, and its place.
    """
    return read_stack(model).network()


def read_stack(model: nn.Sequential) -> Parts:
    """The parts of a stack. Raises: as `stack_network`, and for modules that differ in dt."""
    modules = [(place, part) for place, part in placed_modules(model) if not runs_as(part, nn.Dropout, nn.Identity)]
    encoder, layers, rest = None, [], list(reversed(modules))
    if rest and not runs_as(
        rest[-1][1], nn.Linear, SpikingLayer, SiliconLayer, LIF, AdaptiveLIF, BatchNorm, LeakyReadout
    ):
        encoder = rest.pop()[1]
    while rest:
        place, module = rest.pop()
        if runs_as(module, SpikingLayer, SiliconLayer):
            layers.append(module)
            continue
        if not runs_as(module, nn.Linear):
            raise _unreadable(place, module, "nn.Linear belongs there")
        norm = rest.pop()[1] if rest and runs_as(rest[-1][1], BatchNorm) else None
        if not rest:
            raise _unreadable(place, module, "nothing follows it")
        place, neurons = rest.pop()
        if not runs_as(neurons, LIF, AdaptiveLIF, LeakyReadout):
            raise _unreadable(place, neurons, "neurons belong there")
        if {neurons.n, neurons.n if norm is None else norm.num_features} != {module.out_features}:
            raise _unreadable(place, neurons, f"the linear layer before it has {module.out_features} outputs")
        layers.append(Block(module.weight.T, module.bias, norm, neurons))
        if isinstance(neurons, LeakyReadout) and rest:
            raise _unreadable(*rest[-1], "LeakyReadout is the end")
    last = layers.pop() if layers else None
    if not (layers and isinstance(last, Block) and isinstance(last.neurons, LeakyReadout)):
        raise InputError(f"the stack has no spiking layer, or no readout at its end; it is {READABLE}")
    return Parts(encoder, tuple(layers), last, _step(modules))


def placed_modules(model: nn.Module, place: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules in order with their places, stacks inside the stack unfolded."""
    if not runs_as(model, nn.Sequential):
        raise InputError(
            f"{type(model).__name__} is no nn.Sequential, so nobody knows in which order it runs what it holds; wrap "
            "its modules: nn.Sequential(*model.children())"
        )
    for name, module in model._modules.items():  # `named_children` leaves out a module that comes twice
        if module._forward_hooks or module._forward_pre_hooks:
            raise InputError(
                f"module {place}{name} of the stack, {type(module).__name__}, has hooks that would not run: remove "
                "them, pruning by torch.nn.utils.prune.remove; torch.nn.utils.parametrizations needs none"
            )
        inside = runs_as(module, nn.Sequential)
        yield from placed_modules(module, f"{place}{name}.") if inside else [(f"{place}{name}", module)]


def runs_as(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Whether it is of one of these kinds, and runs as they do."""
    return any(isinstance(module, kind) and _as_in(module, kind) for kind in kinds)


def _as_in(module: nn.Module, kind: type[nn.Module]) -> bool:
    return all(getattr(type(module), name, None) is getattr(kind, name, None) for name in ("forward", "run", "params"))


def _unreadable(place: str, module: nn.Module, why: str) -> InputError:
    return InputError(
        f"module {place} of the stack, {type(module).__name__}, cannot be read: {why}. A stack is {READABLE}"
    )


def _step(modules: list[tuple[str, nn.Module]]) -> Seconds:
    """The one dt (s) of all that have one."""
    steps = {place: module.dt for place, module in modules if isinstance(getattr(module, "dt", None), float)}
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{place}: {dt:g} s" for place, dt in steps.items())
        raise InputError(f"the modules of a stack share one time step, got dt of {told}")
    return next(iter(steps.values()))


def silicon_of(layer: Block | SpikingLayer | SiliconLayer) -> SiliconBias | None:
    """The tunnelling devices that bias a layer, where it has any."""
    if isinstance(layer, SiliconLayer):
        return layer.bias
    return layer.silicon if isinstance(layer, SpikingLayer) else None
