"""One neuron over one stretch of time in which its input does not change, compiled.

    dV/dt = f(V),   f = p u exp(-B/u) m + s - G V,   u = u_0 - k V      (p = W A / C,  G = g_leak / C,  s = I / C)
    m = scale x^3 / (c + x^3),   x = V_DS - V

Rosenbrock-Euler:  V(h) = V + h phi(h J) f(V),  J = df/dV,  phi(z) = (exp(z) - 1) / z: exact for a linear neuron, of
second order where the tunnelling current follows the body. Source: Hochbruck and Ostermann, Acta Numerica 19 (2010), 2.
"""

from math import inf, log1p

from llvmlite import ir
from numba import float32, float64, types
from numba.extending import intrinsic

from circuits.compile import ordered_inline
from circuits.device.btbt import LEAST_DRAIN_BODY

LARGEST_Z = 0.0625  # |h J|; with it the six terms of phi leave out 1.2e-11
_LOG2_E, _LN_2 = 1.4426950408889634, 0.6931471805599453
_SHIFT = 2.0**52 * 1.5  # added to a small float it leaves the nearest integer in the lowest bits


@intrinsic
def _power_of_two(context, shifted):
    """2^n of n + `_SHIFT`, n in -1022..1023: n stands in the lowest bits, and 2^n has n + 1023 as its exponent bits."""

    def build(context, builder, signature, arguments):
        integer = ir.IntType(64)
        exponent = builder.add(builder.bitcast(arguments[0], integer), ir.Constant(integer, 1023))
        return builder.bitcast(builder.shl(exponent, ir.Constant(integer, 52)), ir.DoubleType())

    return types.float64(types.float64), build


@ordered_inline
def fast_exp(x):
    """exp(x) for x in -700..0 with a relative error of 1e-11; libm's is called for one number at a time."""
    shifted = x * _LOG2_E + _SHIFT  # rounds to an integer
    r = x - (shifted - _SHIFT) * _LN_2
    p = 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _power_of_two(shifted)


@ordered_inline
def phi(z):
    """(exp(z) - 1) / z for |z| up to `LARGEST_Z`."""
    p = 1.0 / 720
    p = p * z + 1.0 / 120
    p = p * z + 1.0 / 24
    p = p * z + 1.0 / 6
    p = p * z + 0.5
    return p * z + 1.0


@ordered_inline
def overdrive(v, u_0, k, b):
    """u, and B/u by a reciprocal in single precision and a step of Newton's, to 1e-14: a quarter of a division."""
    u = u_0 - k * v
    safe = u if u > 0.002 * b else 0.002 * b  # exp(-500): nothing, and still a number
    near = float64(float32(1.0) / float32(safe))
    return safe, b * (near + near * (1.0 - safe * near))


@ordered_inline
def tunnelling_of(u, ratio, exponential, k, p):
    """Slope p u exp(-B/u) of the membrane (V/s) and its derivative by V (1/s); both zero below onset."""
    e = p * exponential
    return u * e, -k * e * (1.0 + ratio)


@ordered_inline
def tunnelling(v, u_0, k, b, p):
    """`tunnelling_of` the membrane's potential."""
    u, ratio = overdrive(v, u_0, k, b)
    return tunnelling_of(u, ratio, fast_exp(-ratio), k, p)


@ordered_inline
def behind_junction(i, di, v, v_ds, c, scale):
    """A slope and its derivative times m and its own: what reaches a body at V through the drain-body junction."""
    x = max(v_ds - v, LEAST_DRAIN_BODY)
    cube = x * x * x
    whole = 1.0 / (c + cube)
    m = scale * cube * whole
    return i * m, di * m - i * m * 3.0 * c * whole / x


@ordered_inline
def advance(v, h, slope, jacobian):
    """V after h at that slope f(V) and Jacobian."""
    return v + h * slope * phi(h * jacobian)


@ordered_inline
def time_to(level, v, slope, jacobian):
    """Time (s) until V reaches `level`, the inverse of `advance`: ln(1 + J dV / f) / J; infinite if it never does."""
    dv = level - v
    if dv == 0.0:
        return 0.0
    if slope * dv <= 0.0:
        return inf
    x = jacobian * dv / slope
    if x <= -1.0:
        return inf
    if abs(x) < 1e-8:
        return dv / slope * (1.0 - 0.5 * x)
    return log1p(x) / jacobian
