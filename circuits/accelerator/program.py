"""A compiled network: instructions, the image of DRAM that they begin with, and where input and output lie in it."""

from dataclasses import dataclass

import numpy as np

from circuits.accelerator.instructions import Instruction
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Machine


@dataclass(frozen=True)
class Region:
    """A tensor in DRAM, channels last; `dtype` is that of NumPy: int8, uint8 or int32, little-endian."""

    address: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def n_bytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, eq=False)
class Program:
    """Instruction `i` belongs to layer `layer_of[i]` of `works`; the last is END.

    DRAM: inputs, what passes between layers and outputs lie below `constants`, from there on `image`, weights and
    parameters. Shapes alone, without weights, have no image.
    """

    name: str
    machine: Machine
    instructions: tuple[Instruction, ...]
    layer_of: np.ndarray  # (instruction,)
    works: tuple[LayerWork, ...]
    input: Region
    output: Region
    constants: int
    n_constants: int  # bytes
    image: np.ndarray | None = None  # uint8, (n_constants,)

    @property
    def dram_bytes(self) -> int:
        """All that it uses."""
        return self.constants + self.n_constants

    def remarks(self) -> list[str]:
        """For each instruction the name of its layer."""
        return [self.works[layer].name for layer in self.layer_of]
