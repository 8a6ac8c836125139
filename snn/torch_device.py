"""Where a network runs."""

import torch
from threadpoolctl import threadpool_limits

from circuits.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """The device of that name; auto is a CUDA GPU where there is one, else the CPU.

    Raises: InputError for an unknown name, or cuda where PyTorch finds no GPU.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device {name!r}; known: {', '.join(DEVICES)}")
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        reason = (
            "sees no GPU; look at nvidia-smi" if torch.version.cuda else "is built without CUDA; install a CUDA build"
        )
        raise InputError(f"no device cuda: PyTorch {torch.__version__} {reason}, or take the device cpu")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def compute_alone() -> None:
    """Let torch compute on this thread alone: its numbers may depend on how many there are, and all have work."""
    torch.get_num_threads()  # sets them for a new thread at the first call, and would do so later
    threadpool_limits(1, "openmp")
