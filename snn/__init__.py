"""Speech and learning side of TunnelSpike, in PyTorch.

`__init__.pyi`, beside this file, is the table of contents, by question: names load from there when first used, so
`import snn` is quick.
"""

import os
import sys

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)


def _one_thread() -> None:
    """A forked process has none of the OpenMP threads that torch counts on, and would wait for them without end."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_thread)
