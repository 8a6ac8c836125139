"""The membrane of a linear neuron under exponentially decaying currents, and when it first reaches a level, compiled.

    dV/dt = f - G V + sum_m s_m exp(-r_m t)
    V(t) = V + t phi(-G t) (f - G V) + sum_m s_m exp(-r_m t) t phi((r_m - G) t),   phi(z) = (exp(z) - 1) / z

phi has no singularity where a time constant of a synapse is that of the membrane. Valid while every r t is at most
`LARGEST_DECAY` and G t at most `LARGEST_Z`.
"""

from math import inf, sqrt

from circuits.compile import ordered_inline, ordered_jit
from circuits.transient.step import advance, phi

LARGEST_DECAY = 0.25  # r t; with it the ten terms of `phi_wide` leave out 3e-13
_ENOUGH = 2.0**-46  # of the span: a last step this short no longer moves a crossing
_ATTEMPTS = 200  # a passage takes about four, a curve that touches the level to the last bit about 60


@ordered_inline
def phi_wide(z):
    """(exp(z) - 1) / z for |z| up to `LARGEST_DECAY`."""
    p = 1.0 / 3628800
    p = p * z + 1.0 / 362880
    p = p * z + 1.0 / 40320
    p = p * z + 1.0 / 5040
    cube = z * z * z
    return p * (cube * cube) + phi(z)


@ordered_inline
def faded(slope, rate, t):
    """s exp(-r t)."""
    return slope - slope * rate * t * phi_wide(-rate * t)


@ordered_jit
def membrane(t, v, flow, leak, slopes, rates):
    """V and dV/dt after t."""
    v_after, inflow = advance(v, t, flow - leak * v, -leak), 0.0
    for m in range(rates.size):
        slope = faded(slopes[m], rates[m], t)
        inflow += slope
        v_after += slope * t * phi_wide((rates[m] - leak) * t)
    return v_after, flow - leak * v_after + inflow


@ordered_jit
def first_passage(level, v, flow, leak, slopes, rates, span, sign):
    """Time (s) at which V first rises (sign 1) or falls (sign -1) to `level`; infinite if not before `span`.

    Newton's method with a bound of d2V/dt2 over the span: each parabola lies beyond the curve and meets the level no
    later than it does. So no passage is overlooked, however short, and it converges quadratically.
    """
    rise, bend = _rise_and_bend(v, flow, leak, slopes, rates, span, sign)
    t, gap = 0.0, sign * (level - v)
    for _ in range(_ATTEMPTS):
        if gap <= 0.0:
            return t
        square = rise * rise + 2.0 * bend * gap
        if square < 0.0 or (bend <= 0.0 and rise <= 0.0):
            return inf
        further = 2.0 * gap / (rise + sqrt(square)) if rise > 0.0 else (sqrt(square) - rise) / bend
        t += further
        if t >= span:
            return inf
        if further <= _ENOUGH * span:
            return t
        here, slope = membrane(t, v, flow, leak, slopes, rates)
        gap, rise = sign * (level - here), sign * slope
    return t


@ordered_inline
def _rise_and_bend(v, flow, leak, slopes, rates, span, sign):
    """sign dV/dt now, and the most that sign d2V/dt2 = sign (S' - G dV/dt) can be up to `span`; S is the decaying sum.

    Each exponential lies in 1 - r t..1. dV/dt decays at G and is driven by S', which gives its least value.
    """
    rise, most, least = flow - leak * v, 0.0, 0.0  # the bounds are of S'
    for m in range(rates.size):
        rise += slopes[m]
        at_once = -sign * rates[m] * slopes[m]
        at_last = at_once * (1.0 - rates[m] * span)
        most += max(at_once, at_last)
        least += min(at_once, at_last)
    rise *= sign
    slowest = min(rise, rise * (1.0 - leak * span)) + span * min(least, 0.0)
    return rise, most - leak * slowest
