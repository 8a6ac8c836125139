"""Spikes: a step forward, the named pseudo-derivative backward."""

import numpy as np
import pytest
import torch

from circuits.errors import InputError
from snn.kernels import cpu_backward, run_layer
from snn.kernels.cpu_surrogate import GIVEN, Slopes
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import SURROGATES, Surrogate, boxcar, spike, surrogate

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


@pytest.mark.parametrize("name", SURROGATES)
def test_a_slope_makes_the_pseudo_derivative_as_much_narrower(name):
    usual = SURROGATES[name]
    assert torch.allclose(Surrogate(name, 3 * usual.slope)(grid()), usual(3 * grid()))
    assert surrogate(name) is usual


@pytest.mark.parametrize("make", [lambda: Surrogate("atan", 0.0), lambda: Surrogate("atan", torch.nan)])
def test_a_surrogate_has_a_slope(make):
    with pytest.raises(InputError, match="slope must be positive and finite"):
        make()


def test_an_unknown_name_is_told_with_those_that_are_known():
    with pytest.raises(InputError, match="unknown surrogate 'sigmoid'; known: boxcar, atan"):
        surrogate("sigmoid")


@pytest.mark.parametrize("code", [-1, GIVEN + 1])
def test_a_code_of_no_surrogate_is_refused_by_the_compiled_kernels(code):
    """It would else have the gradient of the last one."""
    unknown = Slopes(code, 1.0, np.empty((0, 0, 0)))
    with pytest.raises(ValueError, match="no surrogate has this code"):
        cpu_backward.backward.py_func(None, None, None, unknown, None, None, None, None, None)


@pytest.mark.parametrize("found", [torch.ones(2), None, torch.ones(5, dtype=torch.int64)])
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_a_function_that_returns_something_else_is_an_error(found, backend):
    drive = torch.full((5, 1, 1), 2.0, requires_grad=True)
    params = LIFParams(torch.full((1,), 0.5), torch.ones(1), lambda x: found)
    spikes, _ = run_layer(drive, lif_state(1, torch.zeros(1)), params, backend=backend)
    with pytest.raises(InputError, match="spike_grad returned"):
        spikes.sum().backward()
