"""What is no stack is refused by name and place."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from snn import (
    LIF,
    BatchNorm,
    LogMel,
    Stack,
    evaluate,
    stack_network,
)
from snn.audio.examples import Examples
from tests.consistency.stacks import DT, LAYER, Rising, readout


class Branching(nn.Sequential):
    """Runs its modules in an order of its own."""

    def forward(self, x):
        return super().forward(x) + 1


class Doubled(nn.Linear):
    """A linear layer that is none."""

    def forward(self, x):
        return 2 * super().forward(x)


UNREADABLE = {
    "an activation": ((nn.Linear(3, 4), nn.ReLU(), LAYER[1], *readout()), "module 1 of the stack, ReLU"),
    "neurons first": ((LAYER[1], *readout()), "module 0 of the stack, LIF, cannot be read: nn.Linear belongs there"),
    "two encoders": ((Rising(), Rising(), *LAYER, *readout()), "module 1 of the stack, Rising"),
    "no neurons": ((nn.Linear(3, 4), *readout()), "module 1 of the stack, Linear, cannot be read: neurons belong"),
    "torch's norm": ((LAYER[0], nn.BatchNorm1d(4), LAYER[1], *readout()), "module 1 of the stack, BatchNorm1d"),
    "in a stack": ((nn.Sequential(nn.Linear(3, 4), nn.Tanh()), *readout()), "module 0.1 of the stack, Tanh"),
    "another linear": ((*LAYER, Doubled(4, 4), LAYER[1], *readout()), "module 2 of the stack, Doubled"),
    "after the end": ((*LAYER, *readout(), *LAYER), "module 4 of the stack, Linear, cannot be read: LeakyReadout is"),
    "no end": (LAYER, "no readout at its end"),
    "no layer": (readout(), "no spiking layer"),
    "nothing": ((), "no spiking layer"),
    "another width": (
        (nn.Linear(3, 5), LAYER[1], *readout()),
        "module 1 of the stack, LIF, cannot be read: the linear",
    ),
    "another norm": ((LAYER[0], BatchNorm(5), LAYER[1], *readout()), "module 2 of the stack, LIF, cannot be read: the"),
    "half a layer": ((*LAYER, nn.Linear(4, 4)), "module 2 of the stack, Linear, cannot be read: nothing follows it"),
    "two steps": ((*LAYER, *readout(dt=0.02)), r"one time step, got dt of 1: 0.01 s, 3: 0.02 s"),
}


@pytest.mark.parametrize(("parts", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_such_stack_is_refused_by_name_and_place(parts, said):
    with pytest.raises(ValueError, match=said):
        stack_network(nn.Sequential(*parts))


class Late(LIF):
    """Runs as no other."""

    def run(self, x, state=None):
        return super().run(2 * x, state)


def test_modules_that_run_otherwise_than_they_look_are_refused():
    hooked, pruned = nn.Linear(3, 4), prune.l1_unstructured(nn.Linear(3, 4), "weight", 0.5)
    hooked.register_forward_hook(lambda module, inputs, output: 0 * output)
    for linear in (hooked, pruned):
        with pytest.raises(ValueError, match=r"module 0 of the stack, Linear, has hooks that would not run: remove"):
            stack_network(nn.Sequential(linear, LAYER[1], *readout()))
    prune.remove(pruned, "weight")
    stack_network(nn.Sequential(pruned, LAYER[1], *readout()))
    with pytest.raises(ValueError, match="module 1 of the stack, Late, cannot be read"):
        stack_network(nn.Sequential(LAYER[0], Late(4, tau_mem=0.02, dt=DT), *readout()))


def test_modules_in_an_order_that_nobody_knows_are_refused():
    with pytest.raises(ValueError, match=r"Branching is no nn.Sequential"):
        stack_network(Branching(*LAYER, *readout()))


def test_a_module_that_comes_twice_is_two_layers():
    twice = nn.Linear(4, 4), LAYER[1]
    assert len(stack_network(nn.Sequential(*LAYER, *twice, *twice, *readout())).layers) == 3


def test_what_does_not_belong_to_a_stack_is_refused():
    model, mel = nn.Sequential(*LAYER, *readout()), LogMel(sample_rate=8000, n_mels=3, hop_s=0.02)
    with pytest.raises(ValueError, match="3 outputs for 2 labels"):
        Stack(model, "ab")
    with pytest.raises(ValueError, match=r"dt of stack is 0.01 s, its features make one of 0.02 s"):
        Stack(model, "abc", front_end=mel)
    examples = Examples(torch.zeros(1, 2, 5, 3), torch.zeros(2).long(), replace(mel, hop_s=0.01, duration_s=0.05))
    with pytest.raises(ValueError, match="trained with another front end: n_mels = 3 in place of 4"):
        evaluate(Stack(model, "abc", front_end=replace(examples.front_end, n_mels=4)), examples)
    deep = nn.Sequential(*LAYER, nn.Linear(4, 4), LIF(4, tau_mem=0.02, dt=DT, v_floor=-1.0), *readout())
    with pytest.raises(ValueError, match=r"v_floor differs between layers, \[-inf, -1.0\]"):
        Stack(deep, "abc")
