"""Brian2, loaded when first needed and left as it was found: it takes a second, and its preferences are global."""

import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from circuits.errors import InputError
from circuits.units import Seconds

Target = Literal["numpy", "cython", "auto"]
TARGETS: tuple[Target, ...] = ("numpy", "cython", "auto")  # only the first needs no compiler


def load_brian2() -> ModuleType:
    """The module `brian2`, imported without its warnings, its hook on errors and its handler of Ctrl-C."""
    if "brian2" in sys.modules:
        return sys.modules["brian2"]
    hook, interrupt = sys.excepthook, signal.getsignal(signal.SIGINT)
    with _without_deprecations():
        b2 = import_module("brian2")
    sys.excepthook = hook  # Brian2's asks for a bug report whatever fails, its own fault or not
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)  # Brian2's ends a simulation early, as if that were all of it
    return b2


@contextmanager
def _without_deprecations() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Brian2 2.9 uses names that pyparsing has deprecated
        yield


@contextmanager
def code_for(target: str) -> Iterator[ModuleType]:
    """The module `brian2`, generating code for `target`; its preference is put back at the end. Also a decorator.

    Raises: InputError for an unknown target.
    """
    if target not in TARGETS:
        raise InputError(f"unknown target {target!r} of code generation; known: {', '.join(TARGETS)}")
    b2 = load_brian2()
    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = target
    try:
        with _without_deprecations():
            yield b2
    finally:
        b2.prefs.codegen.target = before


def run(network: Any, duration: Seconds, target: str = "numpy") -> None:
    """Advance a `brian2.Network` by a duration (s), its code generated for `target`."""
    with code_for(target) as b2:
        network.run(duration * b2.second, namespace={})  # {}: no name is taken from the caller's variables
