"""Where the kernels of a backend run: the CPU, a GPU, or Triton's interpreter in place of one."""

import os
from importlib.util import find_spec

import pytest
import torch


@pytest.fixture(scope="session")
def gpu() -> str:
    """Device of the GPU kernels: cuda, or the CPU where Triton interprets them; skips where there is neither."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed; a CUDA build of PyTorch brings it")
    if os.environ.get("TRITON_INTERPRET") == "1":
        return "cpu"
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device; TRITON_INTERPRET=1 runs the kernels in Triton's interpreter")
    return "cuda"


@pytest.fixture(params=["cpu", "gpu"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend that has kernels of its own."""
    return request.param


@pytest.fixture
def device(backend: str, request: pytest.FixtureRequest) -> str:
    """Where that backend's tensors lie."""
    return "cpu" if backend == "cpu" else request.getfixturevalue("gpu")
