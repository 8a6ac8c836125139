"""Threads of the kernels: as many as torch may use, denormals flushed, no other library's threads in their way."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TypeVar

import scipy.linalg.cython_blas  # noqa: F401  the compiled products call it: loaded before its threads are counted
import torch
from threadpoolctl import ThreadpoolController

from snn.torch_device import compute_alone

Item, Result = TypeVar("Item"), TypeVar("Result")


def on_threads(work: Callable[[Item], Result], items: Iterable[Item], n_threads: int) -> list[Result]:
    """`work` of every item, in order of the items, on `n_threads` threads of one BLAS thread each, this one too.

    Work that comes here again, a surrogate that runs neurons for example, is done by its own thread.
    """
    if _own.works:
        return [work(item) for item in items]
    waiting, results, lock = enumerate(items), {}, threading.Lock()

    def drain() -> None:
        """Take items until none is left."""
        _own.works = True
        try:
            while True:
                with lock:
                    place, item = next(waiting, (None, None))
                if place is None:
                    return
                results[place] = work(item)
        finally:
            _own.works = False

    with _turn.lock:  # callers side by side take turns: each has all the threads
        if n_threads > 1 and not _turn.forked:
            for release in _open_mp():
                release()
        with _libraries().limit(limits=1, user_api="blas"), _libraries().limit(limits=1, user_api="openmp"):
            others = [_pool(n_threads - 1).submit(drain) for _ in range(n_threads - 1)]
            try:
                flushed(drain)  # a thread that only waited would be woken on a processor that another has taken
            finally:
                wait(others)
    for other in others:
        other.result()  # raises what it raised
    return [results[place] for place in sorted(results)]


def n_threads() -> int:
    """How many threads a kernel may use."""
    return _own.threads or torch.get_num_threads()


@contextmanager
def kernels_alone() -> Iterator[None]:
    """Torch's threads are the kernels' alone, and torch's own operations stay on the thread that calls them.

    Between kernels they are small: waiting for threads that sleep, or that another process has pushed aside, takes
    longer than the operation. Each thread has its own number of them, as in torch.
    """
    outermost = not _own.threads
    if outermost:
        _own.threads = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if outermost:
            if torch.get_num_threads() == 1:  # else somebody has set them meanwhile
                torch.set_num_threads(_own.threads)
            _own.threads = 0


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Denormals count as zero on this thread, and afterwards again as before: a decaying membrane ends in them."""
    flushing = _SMALLEST / 2 == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if not flushing:
            torch.set_flush_denormal(False)


def flushed(kernel: Callable[..., Result], *args) -> Result:
    """The kernel's result on this thread, with denormals flushed as on the others."""
    with denormals_flushed():
        return kernel(*args)


_SMALLEST = sys.float_info.min  # half of it is a denormal


@lru_cache(maxsize=1)
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, "snn-kernel", initializer=_begin_worker)


def _begin_worker() -> None:
    torch.set_flush_denormal(True)  # a decaying membrane ends in denormals
    compute_alone()


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@lru_cache(maxsize=1)
def _open_mp() -> tuple[Callable[[], int], ...]:
    """What ends the idle OpenMP threads of this thread: torch's spin for milliseconds after each of its operations."""
    soft, found = 1, []
    for library in _libraries().select(user_api="openmp").lib_controllers:
        pause = getattr(ctypes.CDLL(library.filepath), "omp_pause_resource_all", None)
        if pause is not None:
            found.append(partial(pause, soft))
    return tuple(found)


class _Turn:
    lock = threading.Lock()
    forked = False


def _begin_anew() -> None:
    """A forked process has none of the threads, and perhaps a lock that nobody will open.

    OpenMP there still counts on its parent's threads, and would wait for them: it is left alone.
    """
    _pool.cache_clear()
    _turn.forked = True
    _own.works, _own.threads = False, min(1, _own.threads)
    _turn.lock = threading.Lock()


class _Own(threading.local):
    threads = 0  # that the kernels have; 0 where torch's operations have them, too
    works = False  # whether this thread is at work for `on_threads`


_turn, _own = _Turn(), _Own()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
