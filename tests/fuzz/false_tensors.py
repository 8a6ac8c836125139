"""Tensors of a run that cannot be: other shapes, NaN, negative counts, and metadata of another kind."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from lies import MIB, wrote
from reader import Lie
from safetensors import safe_open
from safetensors.numpy import save_file


def tensors(
    name: str, change: Callable[[dict[str, np.ndarray], dict[str, str], Random], None], refuse: bool = True
) -> Lie:
    """A safetensors file with other values in it."""

    def build(path: Path, rng: Random) -> None:
        with safe_open(path, "np") as file:
            arrays, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
        change(arrays, metadata, rng)
        save_file(arrays, path, metadata)

    return Lie(name, build, refuse)


def _fill(value: float, prefix: str = "") -> Callable[[dict, dict, Random], None]:
    def change(arrays: dict, metadata: dict, rng: Random) -> None:
        names = [k for k, v in arrays.items() if k.startswith(prefix) and v.size and v.dtype.kind == "f"]
        name = rng.choice(sorted(names))
        arrays[name] = arrays[name].copy()
        arrays[name].flat[rng.randrange(arrays[name].size)] = value

    return change


def _drop(arrays: dict, metadata: dict, rng: Random) -> None:
    del arrays[rng.choice(sorted(arrays))]


def _reshape(arrays: dict, metadata: dict, rng: Random) -> None:
    name = rng.choice(sorted(name for name, array in arrays.items() if array.size))
    arrays[name] = rng.choice((arrays[name][..., None].copy(), np.repeat(arrays[name].ravel(), 2), np.zeros(0)))


def _retype(arrays: dict, metadata: dict, rng: Random) -> None:
    name = rng.choice(sorted(arrays))
    arrays[name] = arrays[name].astype(rng.choice(("i8", "u1", "f2", "?")))


def _meta(value: object, key: str | None = None) -> Callable[[dict, dict, Random], None]:
    def change(arrays: dict, metadata: dict, rng: Random) -> None:
        metadata[key or rng.choice(sorted(metadata))] = value if isinstance(value, str) else json.dumps(value)

    return change


def _header(text: bytes, size: int | None = None) -> Callable[[bytes], bytes]:
    return lambda data: struct.pack("<Q", len(text) if size is None else size) + text + bytes(64)


WRONG_META = (None, -1, 0, 1e308, "x", [], [[]], {}, True, "NaN", "Infinity", "[" * 700 + "]" * 700, "{")
TENSORS = (
    wrote("a header of 2^63", _header(b"{}", 2**63)),
    wrote("a header of 90 MB promised", _header(b"{}", 90_000_000)),
    wrote("nested 700 deep", _header(b'{"x":' + b"[" * 700 + b"]" * 700 + b"}")),
    wrote("nested 100,000 deep", _header(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    wrote("no object", _header(b"[]")),
    wrote(
        "16 MiB of names",
        _header(b'{"' + b"a" * 16 * MIB + b'": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'),
        heavy=True,
    ),
    tensors("a tensor is missing", _drop),
    tensors("another shape", _reshape),
    tensors("another type", _retype, refuse=False),
)
NAN = (tensors("NaN", _fill(np.nan)), tensors("infinity", _fill(np.inf)))
ACTIVITY = (
    *TENSORS,
    *NAN,
    tensors("a negative count", _fill(-1.0, "spikes.")),
    tensors("a negative time", _fill(-1e-3, "near_s.")),
    tensors("1e308 spikes", _fill(1e308, "spikes.")),
    *(tensors(f"{key} = {value!r:.20}", _meta(value, key)) for key in ("n_clips", "duration_s", "window")
      for value in WRONG_META if value not in (0, 1e308) or key != "window"),
)  # fmt: skip
ALONE = tuple(  # without the network, to which they belong
    replace(lie, refuse=lie.refuse and lie.name not in ("a tensor is missing", "another shape")) for lie in ACTIVITY
)
CHECKPOINT = (
    *TENSORS,
    *(tensors(f"NaN in {part}", _fill(np.nan, part)) for part in ("best.", "model.", "optimiser.")),
    tensors("a negative second moment", _fill(-1e9, "optimiser."), refuse=False),
    *(
        tensors(f"{value} in the history", _fill(value, "history"), value != value)
        for value in (np.nan, -1.0, 1.5, 1e308)
    ),
)
MODEL = (*TENSORS, *NAN)
RESERVOIR = (
    *MODEL,
    *(
        tensors(f"regularisation = {value!r:.20}", _meta(value, "regularisation"))
        for value in WRONG_META
        if value not in (0, 1e308, True)
    ),
    *(tensors(f"{name} is 0", _fill(0.0, name), refuse=False) for name in ("wires.tau_mem", "tuning.scale")),
    tensors("a negative time constant", _fill(-1.0, "wires.tau_mem")),
)
