"""Threads are as many as asked for, never more than there is to do."""

import joblib
import pytest

from circuits.errors import InputError
from circuits.processes import n_threads


@pytest.mark.parametrize(
    ("n_jobs", "n_tasks", "threads"), [(1, 9, 1), (3, 9, 3), (3, 2, 2), (9, 9, 4), (-1, 9, 4), (None, 9, 4), (-1, 0, 1)]
)
def test_threads_are_bounded_by_cores_and_tasks(monkeypatch, n_jobs, n_tasks, threads):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 4)
    assert n_threads(n_jobs, n_tasks) == threads


@pytest.mark.parametrize("n_jobs", [0, -2, 1025, 2**63])
def test_what_is_no_number_of_threads_is_refused(n_jobs):
    with pytest.raises(InputError, match=f"n_jobs = {n_jobs}; give 1 to 1024 threads, or -1"):
        n_threads(n_jobs, 9)
