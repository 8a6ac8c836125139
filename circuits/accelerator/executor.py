"""A program run on clips: what every memory holds after each instruction, bit for bit as the hardware's.

All clips of a batch run side by side, since no instruction depends on data. Constants are the same for all: memories
that only ever held constants are kept once.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from circuits.accelerator.accesses import require_runnable
from circuits.accelerator.instructions import LIF_WORDS, Act, Add, End, Instruction, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Memory
from circuits.accelerator.program import Program, Region
from circuits.errors import InputError
from circuits.quantised.integers import MembraneLayer, Membranes, ValueLayer, membrane_step, requantised

BATCH = 64  # clips at a time
SINGLE = 2**24 // (255 * 128)  # rows whose sum of products single precision holds exactly


def execute(program: Program, x: np.ndarray, on_batch: Callable[[int, int], None] | None = None) -> np.ndarray:
    """The outputs `(clip, *output shape)` for whole inputs `(clip, ...)` of 8 bits; int64.

    Args:  on_batch: told how many clips are done, of how many.
    Raises: InputError for a program without weights, one that reaches beyond a memory, or inputs of another shape.
    """
    if program.image is None:
        raise InputError(f"{program.name} was compiled from shapes alone; compile it from a network with weights")
    require_runnable(program.instructions, program.machine, program.dram_bytes)
    data = _input_bytes(program.input, x)
    outputs = []
    for start in range(0, len(data), BATCH):
        outputs.append(_Memories(program, data[start : start + BATCH]).run())
        if on_batch:
            on_batch(min(start + BATCH, len(data)), len(data))
    return np.concatenate(outputs)


def _input_bytes(region: Region, x: np.ndarray) -> np.ndarray:
    flat = x.reshape(len(x), -1)
    limits = np.iinfo(region.dtype)
    if flat.shape[1] != region.n_bytes or not len(x):
        raise InputError(f"the program takes clips of {region.shape}, got {x.shape}; compile it for that shape")
    if flat.min() < limits.min or flat.max() > limits.max:
        raise InputError(f"inputs must be {limits.min} to {limits.max}, got {flat.min()} to {flat.max()}; quantise")
    return flat.astype(region.dtype).view(np.uint8)


class _Memories:
    """Every memory, uint8 `(clip, byte)` but the sums, int32 `(clip, row, column)`; 1 clip where all are alike."""

    def __init__(self, program: Program, data: np.ndarray):
        self.program, self.machine, n = program, program.machine, len(data)
        self.n_clips = n
        self.changing = np.zeros((n, program.constants), np.uint8)
        begin = program.input.address
        self.changing[:, begin : begin + data.shape[1]] = data
        size = self.machine.size
        self.memories = {
            Memory.ACTIVATIONS: np.zeros((n, size(Memory.ACTIVATIONS)), np.uint8),
            Memory.WEIGHTS: np.zeros((1, size(Memory.WEIGHTS)), np.uint8),
            Memory.PARAMETERS: np.zeros((1, size(Memory.PARAMETERS)), np.uint8),
            Memory.STATE: np.zeros((n, size(Memory.STATE)), np.uint8),
        }
        self.sums = np.zeros((n, size(Memory.SUMS), self.machine.columns), np.int32)

    def run(self) -> np.ndarray:
        for one in self.program.instructions:
            _DO[type(one)](self, one)
        region = self.program.output
        end = region.address + region.n_bytes
        data = np.ascontiguousarray(self.changing[:, region.address : end])
        return data.view(region.dtype).reshape(self.n_clips, *region.shape).astype(np.int64)

    def load(self, one: Load) -> None:
        for r in range(one.rows):
            data = self._from_dram(one.dram + r * one.dram_step, one.row_bytes)
            memory, address = self._held(one.memory, len(data)), one.address + r * one.step
            memory[:, address : address + one.row_bytes] = data

    def _held(self, memory: Memory, n_clips: int) -> np.ndarray:
        """A memory; once for each clip from when on something comes in that differs between them."""
        if len(self.memories[memory]) < n_clips:
            self.memories[memory] = np.repeat(self.memories[memory], n_clips, axis=0)
        return self.memories[memory]

    def _from_dram(self, address: int, n_bytes: int) -> np.ndarray:
        """`(clip, byte)`, of constants one row."""
        begin = self.program.constants
        if address >= begin:
            return self.program.image[None, address - begin : address - begin + n_bytes]
        if address + n_bytes > begin:
            raise InputError(f"a LOAD of {n_bytes} bytes at {address} reads tensors and constants at once; split it")
        return self.changing[:, address : address + n_bytes]

    def store(self, one: Store) -> None:
        if one.dram + (one.rows - 1) * one.dram_step + one.row_bytes > self.program.constants:
            raise InputError(f"a STORE at {one.dram} writes over constants, from {self.program.constants} on")
        memory = self.memories[Memory.ACTIVATIONS]
        for r in range(one.rows):
            address, dram = one.address + r * one.step, one.dram + r * one.dram_step
            self.changing[:, dram : dram + one.row_bytes] = memory[:, address : address + one.row_bytes]

    def pad(self, one: Pad) -> None:
        for r in range(one.rows):
            address = one.address + r * one.step
            self.memories[one.memory][:, address : address + one.row_bytes] = 0

    def mac(self, one: Mac) -> None:
        columns = self.machine.columns
        tile = self.memories[Memory.WEIGHTS][:, one.weights : one.weights + one.rows * columns].view(np.int8)
        exact = np.float32 if one.rows <= SINGLE else np.float64
        tile = tile.reshape(len(tile), one.rows, columns)[..., : one.columns].astype(exact)
        products = (self._vectors(one, one.rows, one.signed).astype(exact) @ tile).astype(np.int32)
        self._into_sums(one, products)

    def max(self, one: Max) -> None:
        values = self._vectors(one, one.columns, one.signed).astype(np.int32)
        target = self.sums[:, one.sums : one.sums + values.shape[1], : one.columns]
        target[...] = np.maximum(target, values) if one.accumulate else values

    def add(self, one: Add) -> None:
        self._into_sums(one, self._vectors(one, one.columns, one.signed).astype(np.int32))

    def _into_sums(self, one: Mac | Add, products: np.ndarray) -> None:
        target = self.sums[:, one.sums : one.sums + products.shape[1], : one.columns]
        if one.accumulate:
            target += products
        else:
            target[...] = products

    def _walk(self, one: Mac | Max | Add | Act, n_bytes: int) -> np.ndarray:
        """A view of the activations, `(clip, outer, inner, byte)`."""
        memory = self.memories[Memory.ACTIVATIONS][:, one.activations :]
        strides = (memory.strides[0], one.outer_step, one.inner_step, 1)
        return as_strided(memory, (self.n_clips, one.outer_count, one.inner_count, n_bytes), strides)

    def _vectors(self, one: Mac | Max | Add, n_bytes: int, signed: bool) -> np.ndarray:
        """Copies of the bytes of a walk, `(clip, position, byte)`, as numbers of 8 bits."""
        data = np.ascontiguousarray(self._walk(one, n_bytes)).reshape(self.n_clips, -1, n_bytes)
        return data.view(np.int8) if signed else data

    def act(self, one: Act) -> None:
        words = self._words(Memory.PARAMETERS, one.parameters, 2 * one.columns).reshape(-1, one.columns, 2)
        n = one.inner_count * one.outer_count
        sums = self.sums[:, one.sums : one.sums + n, : one.columns].astype(np.int64) + words[:, None, :, 0]
        kind = ValueLayer("ACT", "dense", _NONE8, _NONE, words[0, :, 1], not one.signed, True, 1.0)
        out = requantised(sums, kind).astype(np.int8 if one.signed else np.uint8).view(np.uint8)
        target = self._walk(one, one.columns)
        target[...] = out.reshape(target.shape)

    def lif(self, one: Lif) -> None:
        words = self._words(Memory.PARAMETERS, one.parameters, 8 * one.columns).reshape(-1, one.columns, 8)[0]
        about = dict(zip(LIF_WORDS[:-1], np.ascontiguousarray(words.T), strict=False))
        kind = "readout" if one.potential else "lif"
        layer = MembraneLayer("LIF", kind, _NONE8, None, **about, unit=np.ones(one.columns))
        state = self._words(Memory.STATE, one.state, 2 * one.columns).reshape(self.n_clips, one.columns, 2)
        membranes = Membranes(state[..., 0].astype(np.int64), state[..., 1].astype(np.int64), _NONE)
        for t in range(one.step_count):
            out, membranes = membrane_step(self.sums[:, one.sums + t, : one.columns], membranes, layer)
            data = np.ascontiguousarray(out.astype("<i4" if one.potential else np.uint8)).view(np.uint8)
            address = one.activations + t * one.step
            self.memories[Memory.ACTIVATIONS][:, address : address + data.shape[1]] = data
        kept = np.stack([membranes.v, membranes.w], axis=-1).astype("<i4").reshape(self.n_clips, -1)
        self.memories[Memory.STATE][:, one.state : one.state + 8 * one.columns] = kept.view(np.uint8)

    def _words(self, memory: Memory, address: int, n_words: int) -> np.ndarray:
        data = np.ascontiguousarray(self.memories[memory][:, address : address + 4 * n_words])
        return data.view("<i4")

    def end(self, one: End) -> None:
        """Nothing is left to do."""


_NONE, _NONE8 = np.zeros(0, np.int32), np.zeros((0, 0), np.int8)
_DO: dict[type[Instruction], Callable] = {
    Load: _Memories.load, Store: _Memories.store, Pad: _Memories.pad, Mac: _Memories.mac, Max: _Memories.max,
    Add: _Memories.add, Act: _Memories.act, Lif: _Memories.lif, End: _Memories.end,
}  # fmt: skip
