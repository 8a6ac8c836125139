"""How many threads share some work: as many as are asked for, and no more than there are cores and tasks."""

from circuits.errors import InputError

MOST_JOBS = 1024  # ASSUMED: more than any machine has cores


def n_threads(n_jobs: int | None, n_tasks: int) -> int:
    """Threads for so many tasks; `n_jobs` None or -1: one per core, which more would only wait for.

    Raises: InputError outside 1 to `MOST_JOBS`.
    """
    from joblib import cpu_count  # slow to import, and storage needs this package

    if n_jobs not in (None, -1) and not 1 <= n_jobs <= MOST_JOBS:
        raise InputError(f"n_jobs = {n_jobs}; give 1 to {MOST_JOBS} threads, or -1 for one per core")
    cores = cpu_count()
    return max(1, min(cores if n_jobs in (None, -1) else n_jobs, cores, n_tasks))
