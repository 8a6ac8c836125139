"""The arithmetic of circuits.quantised.integers as logic: rounding, saturation, one step of a membrane."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from circuits.quantised.integers import FRACTION, LARGEST, SHIFT

HALF = 1 << (SHIFT - 1)
FACTOR_BITS = SHIFT + 1  # a decay or a multiplier: 0 to 2^16


def saturated(m: Module, x: Value, name: str) -> Signal:
    """The value within -(2^31 - 1)..2^31 - 1."""
    out = Signal(signed(32), name=name)
    with m.If(x > LARGEST):
        m.d.comb += out.eq(LARGEST)
    with m.Elif(x < -LARGEST):
        m.d.comb += out.eq(-LARGEST)
    with m.Else():
        m.d.comb += out.eq(x)
    return out


def rounded_to_even(product: Value) -> Value:
    """The product by 2^16, to the nearest whole number; from the middle to the even one."""
    whole, rest = product >> SHIFT, product[:SHIFT]
    return whole + ((rest > HALF) | ((rest == HALF) & whole[0]))


def as_byte(m: Module, x: Value, is_signed: Value, name: str) -> Signal:
    """The value within -128..127, or within 0..255, as 8 bits."""
    out = Signal(8, name=name)
    high = Signal(signed(10), name=f"{name}_high")
    low = Signal(signed(9), name=f"{name}_low")
    m.d.comb += [high.eq(Mux(is_signed, 127, 255)), low.eq(Mux(is_signed, -128, 0))]
    with m.If(x > high):
        m.d.comb += out.eq(high)
    with m.Elif(x < low):
        m.d.comb += out.eq(low)
    with m.Else():
        m.d.comb += out.eq(x)
    return out


def potential(m: Module, decayed: Value, adapted: Value, drive: Value, bias: Value, floor: Value, name: str) -> Signal:
    """`max(sat((v decay - w (2^16 - decay) + 2^15) // 2^16 + 2^8 drive + bias), floor)`, of the two products."""
    leaked = (decayed - adapted + HALF) >> SHIFT
    v = saturated(m, leaked + Cat(Const(0, FRACTION), drive).as_signed() + bias, f"{name}_saturated")
    out = Signal(signed(32), name=name)
    m.d.comb += out.eq(Mux(v > floor, v, floor))
    return out


def adaptation(m: Module, kept: Value, gained: Value, jump: Value, spike: Value, name: str) -> Signal:
    """`sat((w rho + v gain + 2^15) // 2^16 + jump spike)`, of the two products."""
    return saturated(m, ((kept + gained + HALF) >> SHIFT) + Mux(spike, jump, 0), name)
