"""Who takes part: the fused kernels, the plain and the compiled loop, and the libraries that are installed.

All train with the same loss, data and optimiser (fused Adam). The project and the two loops train decays and
thresholds too; a library trains what it trains by default, which is less work.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec

import torch
from network import EVIDENCE, Network, network, voting_loss
from torch import Tensor

from snn.kernels import network_loss, reference

Loss = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[Tensor, Tensor], float]

LIBRARIES = ("snntorch", "spikingjelly", "norse", "sinabs")
LOOPS = ("plain_loop", "compiled_loop")
OURS = "tunnelspike"


def installed() -> tuple[str, ...]:
    """The libraries of the extra `bench` that are here."""
    return tuple(name for name in LIBRARIES if find_spec(name))


def same_dynamics(library: str) -> bool:
    """Whether its neuron is that of the reference, so that the losses must agree."""
    return import_module(f"peer_{library}").Model.same_dynamics


def training_step(name: str, recurrent: bool) -> Step:
    """Forward, backward and Adam of one candidate on its own copy of the network; returns the loss before the step."""
    loss, parameters = _candidate(name, network(recurrent))
    optimiser = torch.optim.Adam(parameters, 1e-4, fused=True)

    def run(x: Tensor, labels: Tensor) -> float:
        optimiser.zero_grad()
        value = loss(x, labels)
        value.backward()
        optimiser.step()
        return value.item()

    return run


def _candidate(name: str, net: Network) -> tuple[Loss, Iterable[Tensor]]:
    """Its loss for `(x, labels)` and what it trains."""
    if name == OURS:
        return lambda x, labels: network_loss(x, labels, net, EVIDENCE).value, _leaves(net)
    if name == "plain_loop":
        return lambda x, labels: reference.network_loss(x, labels, net, EVIDENCE).value, _leaves(net)
    if name == "compiled_loop":
        from compiled_loop import network_loss as compiled_loss  # torch.compile takes seconds to import

        return lambda x, labels: compiled_loss(x, labels, net), _leaves(net)
    model = import_module(f"peer_{name}").Model(net)
    return lambda x, labels: voting_loss(model(x), labels), model.parameters()


def _leaves(net: Network) -> list[Tensor]:
    of_layers = [(layer.weight, layer.bias, *layer.params[:2], layer.recurrent) for layer in net.layers]
    return [t for tensors in (*of_layers, net.readout) for t in tensors if t is not None]
