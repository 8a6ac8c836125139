"""Tensors and plain metadata in one safetensors file; nothing is pickled, and no number in it is NaN or infinite."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save

from circuits.errors import InputError, MissingInputError
from circuits.storage import open_regular, parsed, reading, write_atomically
from circuits.tables import DAMAGED, json_value

Shapes = dict[str, tuple[str, tuple[int, ...]]]  # of each tensor: kind of its numbers, "F32" for instance, and shape
MOST_HEADER, MOST_TENSORS = 2**20, 2**26  # bytes
KINDS = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def save_tensors(path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> None:
    """Write tensors and JSON metadata to one safetensors file, whole or not at all, the same to the same bytes.

    Raises: FloatingPointError for NaN and infinity, OSError; what lies there is kept then.
    """
    if bad := unsound(tensors):
        raise FloatingPointError(f"{bad}: {path} is not written")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = save(plain, {name: json.dumps(value, allow_nan=False) for name, value in metadata.items()})
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.dumps(json.loads(data[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    parts = (struct.pack("<Q", len(header)), header, memoryview(data)[end:])
    write_atomically(path, lambda part: _write(part, parts))


def _write(path: Path, parts: tuple[bytes | memoryview, ...]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)


def load_tensors(
    path: str | Path, require: Callable[[Shapes], None] | None = None, only: str = "", remedy: str = DAMAGED
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote.

    Args: require: raises InputError unless names, kinds and shapes are those that are expected, before a number is
    read; without it, 64 MiB are read at most. only: the beginning of the names that are read.
    remedy: the end of what is said of a damaged file.
    Raises: FileNotFoundError, or InputError for a damaged file and for NaN or infinity, naming it.
    """
    path = Path(path)
    with reading(path):
        if not path.exists():
            raise MissingInputError(f"{path} is missing{remedy}")
        with open_regular(path, None if require else MOST_TENSORS) as file:
            n_header = int.from_bytes(file.read(8), "little")
        if n_header > MOST_HEADER:
            raise InputError(f"{path} is damaged: a header of {n_header:,} bytes, at most {MOST_HEADER:,}{remedy}")
        tensors, header = parsed(path, "is damaged", lambda: _read(path, require, only), remedy)
        if bad := unsound(tensors):
            raise InputError(f"{path} is damaged: {bad}{remedy}")
        return tensors, {name: json_value(text, path) for name, text in header.items()}


def _read(
    path: Path, require: Callable[[Shapes], None] | None, only: str
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if require:
            require({name: (part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()})
        return {name: file.get_tensor(name) for name in parts if name.startswith(only)}, file.metadata() or {}


def require_shapes(found: Shapes, tensors: dict[str, torch.Tensor], wrong: str, remedy: str) -> None:
    """Raise InputError, naming the first tensor that is missing, too many, or of another shape or kind of numbers.

    Args: tensors: that are expected.   wrong, remedy: the beginning and the end of what is said then.
    """
    expected = {name: (KINDS.get(t.dtype, str(t.dtype)), tuple(t.shape)) for name, t in tensors.items()}
    for name in expected | found:
        wanted, got = (" ".join(map(str, shapes.get(name, ("none",)))) for shapes in (expected, found))
        if wanted != got:
            raise InputError(f"{wrong} ({name} is {got}, expected {wanted}); {remedy}")


def unsound(tensors: dict[str, torch.Tensor]) -> str | None:
    """What is wrong with the first tensor that holds NaN, infinity, or a count below 0; None where there is none."""
    for name, t in tensors.items():
        if t.is_floating_point() and not torch.isfinite(t).all():
            return f"{name} holds NaN or infinity"
        if t.dtype == torch.int64 and (t < 0).any():
            return f"{name} counts {t.min()}"
    return None
