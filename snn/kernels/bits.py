"""Which of many numbers are not 0, as the bits of one word: a spike costs an instruction then, and silence none."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 64  # numbers of one word


@intrinsic
def nonzero_bits(context, row, first):
    """Bit j: whether row[first + j] is not 0, of LANES floating-point numbers that lie one behind the other."""

    def build(context, builder, signature, arguments):
        kind, _ = signature.args
        array = context.make_array(kind)(context, builder, arguments[0])
        element = context.get_data_type(kind.dtype)
        lanes = ir.VectorType(element, LANES)
        numbers = builder.load(builder.bitcast(builder.gep(array.data, [arguments[1]]), lanes.as_pointer()))
        numbers.align = kind.dtype.bitwidth // 8
        zeros = ir.Constant(lanes, [ir.Constant(element, 0)] * LANES)
        return builder.bitcast(builder.fcmp_unordered("!=", numbers, zeros), ir.IntType(LANES))

    return types.uint64(row, types.intp), build


@intrinsic
def lowest_bit(context, word):
    """Number of the lowest bit that is set, of a word that has one."""

    def build(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.intp(types.uint64), build
