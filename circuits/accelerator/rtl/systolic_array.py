"""The array: rows x columns elements, inputs from the left, weights and sums from above."""

from amaranth.hdl import Elaboratable, Module, Signal, signed

from circuits.accelerator.rtl.processing_element import INPUT_BITS, SUM_BITS, WEIGHT_BITS, ProcessingElement


class SystolicArray(Elaboratable):
    """`bottom[c] = top[c] + sum_r x[r] weights[r, c]`, of vector t of x in column c, `rows + c - 1` cycles later.

    Row r gets its input r cycles late, by registers here; so vector t meets element (r, c) in cycle t + r + c, and
    `top[c]` must come c cycles late. `load` for `rows` cycles takes in the weights, the lowest row first.
    """

    def __init__(self, rows: int, columns: int):
        self.rows, self.columns = rows, columns
        self.load = Signal()
        self.x = [Signal(signed(INPUT_BITS), name=f"x_{r}") for r in range(rows)]
        self.weights = [Signal(signed(WEIGHT_BITS), name=f"weights_{c}") for c in range(columns)]
        self.top = [Signal(signed(SUM_BITS), name=f"top_{c}") for c in range(columns)]
        self.bottom = [Signal(signed(SUM_BITS), name=f"bottom_{c}") for c in range(columns)]

    def elaborate(self, platform):
        m = Module()
        above = list(zip(self.weights, self.top, strict=True))
        for r in range(self.rows):
            left, row = _late(m, self.x[r], r), []
            for c in range(self.columns):
                m.submodules[f"element_{r}_{c}"] = element = ProcessingElement()
                weight, partial = above[c]
                m.d.comb += [
                    element.load.eq(self.load),
                    element.weight_in.eq(weight),
                    element.x_in.eq(left),
                    element.sum_in.eq(partial),
                ]
                left = element.x
                row.append(element)
            above = [(element.weight, element.sum) for element in row]
        m.d.comb += [bottom.eq(element.sum_next) for bottom, element in zip(self.bottom, row, strict=True)]
        return m


def _late(m: Module, x: Signal, cycles: int) -> Signal:
    """The input, so many cycles later."""
    for k in range(cycles):
        following = Signal.like(x, name=f"{x.name}_late_{k + 1}")
        m.d.sync += following.eq(x)
        x = following
    return x
