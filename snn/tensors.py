"""Tensors and plain metadata in one safetensors file; nothing is pickled."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from circuits.errors import InputError, MissingInputError
from circuits.storage import write_atomically


def save_tensors(path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> None:
    """Write tensors and JSON metadata to one safetensors file, whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {name: json.dumps(value) for name, value in metadata.items()}
    write_atomically(path, lambda part: _save(plain, part, header))


def _save(tensors: dict[str, torch.Tensor], path: Path, header: dict[str, str]) -> None:
    try:
        save_file(tensors, path, header)
    except SafetensorError as error:  # it wraps the operating system's errors, a full disk among them
        raise OSError(None, str(error)) from error


def load_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote. Raises: FileNotFoundError, or InputError for a damaged file."""
    path = Path(path)
    if not path.is_file():
        raise MissingInputError(f"{path} is missing; train again, or copy it back")
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, {name: json.loads(text) for name, text in (file.metadata() or {}).items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); train again, or copy it back") from error
