"""Spikes: a step forward, the named pseudo-derivative backward."""

import pytest
import torch

from snn.kernels import cpu_backward
from snn.kernels.cpu import CODES
from snn.neurons.surrogate import SURROGATES, boxcar, spike

# Each pseudo-derivative is the slope of a smooth function that is written down here independently.
PRIMITIVES = {
    "boxcar": lambda x: x.clamp(-0.5, 0.5),
    "atan": lambda x: torch.atan(torch.pi * x) / torch.pi,
    "fast_sigmoid": lambda x: x / (1 + 10 * x.abs()),
    "triangle": lambda x: torch.where(x.abs() < 1, x - x * x.abs() / 2, torch.sign(x) / 2),
}


def grid():
    """Points on both sides of 0, away from the corners at 0, 1/2 and 1."""
    return torch.linspace(-1.93, 1.97, 53, dtype=torch.float64)


def test_every_surrogate_has_its_primitive_here():
    assert set(SURROGATES) == set(PRIMITIVES)


@pytest.mark.parametrize("name", SURROGATES)
def test_forward_is_a_step_that_needs_more_than_the_threshold(name):
    x = torch.tensor([[-2.0, -1e-30, 0.0], [1e-30, 0.5, torch.inf]])
    assert spike(x, SURROGATES[name]).tolist() == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spikes_keep_shape_and_type(dtype):
    x = torch.zeros(2, 3, 4, dtype=dtype)
    assert (spike(x).shape, spike(x).dtype) == (x.shape, dtype)


@pytest.mark.parametrize("name", SURROGATES)
def test_backward_multiplies_by_the_named_function(name):
    x = grid().requires_grad_()
    incoming = torch.linspace(-3, 2, len(x), dtype=torch.float64)
    spike(x, SURROGATES[name]).backward(incoming)
    assert torch.equal(x.grad, incoming * SURROGATES[name](x.detach()))


@pytest.mark.parametrize("name", SURROGATES)
def test_the_pseudo_derivative_is_the_slope_of_its_smooth_function(name):
    h, f = 1e-6, PRIMITIVES[name]
    slope = (f(grid() + h) - f(grid() - h)) / (2 * h)
    assert torch.allclose(SURROGATES[name](grid()), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", SURROGATES)
def test_pseudo_derivatives_are_even_and_highest_at_threshold(name):
    f = SURROGATES[name]
    assert torch.equal(f(grid()), f(-grid()))
    assert f(torch.zeros(1)).item() == 1
    assert (f(grid()) <= 1).all()


def test_boxcar_is_the_default():
    x = torch.tensor([0.2, 0.7], requires_grad=True)
    spike(x).sum().backward()
    assert x.grad.tolist() == boxcar(x.detach()).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("code", [-1, len(SURROGATES)])
def test_a_code_of_no_surrogate_is_refused_by_the_compiled_kernels(code):
    """It would else have the gradient of the last one."""
    with pytest.raises(ValueError, match="no surrogate has this code"):
        cpu_backward.backward.py_func(None, None, None, code, None, None, None, None, None)


def test_every_surrogate_has_a_code_that_the_compiled_kernels_know():
    assert sorted(CODES.values()) == list(range(cpu_backward.N_SURROGATES))
