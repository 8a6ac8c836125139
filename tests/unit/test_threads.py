"""The kernels' threads: results in order, errors raised, other libraries left as they were."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from snn.kernels.threads import flushed, kernels_alone, n_threads, on_threads


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(n_threads):
    def work(i):
        time.sleep(0.002 * (i % 3))
        return i * i

    assert on_threads(work, range(20), n_threads) == [i * i for i in range(20)]
    assert on_threads(work, [], n_threads) == []


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_of_any_thread_is_raised_and_the_next_call_works(n_threads):
    def work(i):
        if i == 3:
            raise ValueError("three")
        return i

    before = blas_threads()
    with pytest.raises(ValueError, match="three"):
        on_threads(work, range(5), n_threads)
    assert on_threads(work, range(3), n_threads) == [0, 1, 2]
    assert blas_threads() == before


def test_callers_side_by_side_leave_the_threads_of_blas_as_they_were():
    before, inside = blas_threads(), []

    def caller(delay):
        time.sleep(delay)
        on_threads(lambda _: (inside.extend(blas_threads()), time.sleep(0.05)), range(4), 2)

    callers = [threading.Thread(target=caller, args=(0.03 * i,)) for i in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert set(inside) == {1}
    assert blas_threads() == before


@pytest.mark.usefixtures("denormals")
def test_denormals_are_flushed_inside_and_as_before_outside():
    half = lambda: np.float32(1.2e-38) * np.float32(0.25)  # noqa: E731
    assert half() != 0
    assert on_threads(lambda _: half(), range(4), 2) == [0, 0, 0, 0]
    assert flushed(half) == 0
    assert half() != 0
    torch.set_flush_denormal(True)
    try:
        assert flushed(half) == 0
        assert half() == 0
    finally:
        torch.set_flush_denormal(False)


def child(queue):
    queue.put(on_threads(lambda i: i + 1, range(4), 2))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    assert on_threads(lambda i: i, range(4), 2) == [0, 1, 2, 3]
    assert forked_answer() == [1, 2, 3, 4]


def forked_answer(work: Callable = child) -> object:
    """What `work` puts into a queue in a forked process. Raises: queue.Empty if it hangs."""
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    process = fork.Process(target=work, args=(queue,))
    process.start()
    try:
        return queue.get(timeout=20)
    finally:
        process.kill()
        process.join()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_does_not_wait_for_the_open_mp_threads_of_its_parent():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(1_000_000).add(1).sum()  # torch's OpenMP now has threads, which the child lacks
    try:
        assert forked_answer() == [1, 2, 3, 4]
    finally:
        torch.set_num_threads(before)


def total(queue):
    """A sum that torch divides among its threads."""
    queue.put(torch.ones(1_000_000).add(1).sum().item())


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_operations_of_torch_end_in_a_forked_process_too():
    """Without the threads of its parent, each on the child's own."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(1_000_000).add(1).sum()
    try:
        assert forked_answer(total) == 2e6
    finally:
        torch.set_num_threads(before)


def test_the_kernels_keep_their_threads_while_torch_has_one():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with kernels_alone():
            assert (torch.get_num_threads(), n_threads()) == (1, 2)
            with kernels_alone():
                assert n_threads() == 2
            assert (torch.get_num_threads(), n_threads()) == (1, 2)
        assert (torch.get_num_threads(), n_threads()) == (2, 2)
    finally:
        torch.set_num_threads(before)


def test_two_threads_that_overlap_have_each_their_own_threads_back():
    inside, done, found = threading.Event(), threading.Event(), []

    def other():
        torch.set_num_threads(2)
        with kernels_alone():
            inside.set()
            done.wait(10)
            found.append((torch.get_num_threads(), n_threads()))
        found.append(torch.get_num_threads())

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        thread = threading.Thread(target=other)
        with kernels_alone():
            thread.start()
            inside.wait(10)
        assert (torch.get_num_threads(), n_threads()) == (2, 2)
        done.set()
        thread.join(10)
        assert found == [(1, 2), 2]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_work_that_calls_a_kernel_again_does_not_wait_for_itself():
    def work(item):
        return sum(on_threads(lambda x: x + item, range(3), 2))

    assert on_threads(work, range(4), 2) == [3, 6, 9, 12]


def test_threads_that_begin_while_kernels_run_have_as_many_of_torch_s_as_before():
    before, found, ended = torch.get_num_threads(), [], threading.Event()
    torch.set_num_threads(2)

    def busy():
        while not ended.is_set():
            on_threads(lambda _: time.sleep(0.001), range(2), 2)

    try:
        worker = threading.Thread(target=busy)
        worker.start()
        for _ in range(30):
            one = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
            one.start()
            one.join()
        ended.set()
        worker.join()
    finally:
        torch.set_num_threads(before)
    assert found == [2] * 30


def test_a_function_called_by_kernels_has_one_thread_of_torch_s_on_every_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert on_threads(lambda _: (time.sleep(0.01), torch.get_num_threads())[1], range(6), 2) == [1] * 6
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
