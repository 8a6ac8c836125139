"""A population through time: spike times, energy by part, and traces on request."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from circuits.errors import InputError, WorkError
from circuits.processes import n_threads
from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.population import Population
from circuits.transient.result import Transient
from circuits.transient.task import Task
from circuits.units import Seconds, si_float

MAX_HALVINGS = 12


def simulate(
    neurons: Population,
    duration: Seconds | np.ndarray,
    *,
    i_in: np.ndarray | float | None = None,
    dt_in: Seconds | None = None,
    biased: bool | None = None,
    spikes_in: SpikeInput | None = None,
    connections: Connections | Sequence[Connections] = (),
    dt: Seconds | None = None,
    tolerance: float | None = 1e-6,
    record: Sequence[int] = (),
    v_start: np.ndarray | float | None = None,
    n_jobs: int | None = None,
) -> Transient:
    """Let the neurons run for `duration` (s) from `v_start` (V; None: reset).

    C dV/dt = I_tunnel(V_DG - body_factor V, V) + I_in + I_synapses - g_leak V, at least V_sink; a spike at V_threshold,
    then V_reset for t_refractory. Spike times are found between the steps.
    Args:
      duration: of all, or `(neuron,)`: each its own, where nothing connects them and the input is constant.
      i_in: input current (A): a number, `(neuron,)`, or `(time, neuron)`, each row held for `dt_in` (s) and the last
        one to the end. Below zero it is a sink.
      biased: whether the neurons' own gate bias drives them too; None: only without `i_in`.
      connections: synapses, in groups of equal timing, driven by `spikes_in` and by the neurons. Those of order 1 and 2
        need neurons whose current does not follow the body; steps are then a quarter of the shortest tau at most, and
        the spikes within them are exact all the same (see `decaying.py`).
      dt: the largest step (s), at most a rise; None: short beside each time constant and rise.
      tolerance: steps are halved until no spike time changes by more than this part of itself. Where no current follows
        the body a step is exact, whatever its length, and is not halved. None: one run.
      record: neurons whose potential is kept at every step.   n_jobs: threads; None or -1: one per core.
    The result does not depend on `n_jobs`.
    Raises: InputError for inputs that do not fit; WorkError where the tolerance is not met or spikes do not end.
    """
    n = len(neurons)
    groups = (connections,) if isinstance(connections, Connections) else tuple(connections)
    for group in groups:
        group.require_fits(n, spikes_in)
    biased = i_in is None if biased is None else biased
    current, dt_in = _rows(i_in, dt_in, n)
    if biased and not neurons.follows_body:
        current = current + neurons.input_current
    task = Task(
        neurons=neurons,
        duration=_durations(duration, dt_in, n, bool(groups) or current.shape[0] > 1),
        i_in=current,
        row_time=dt_in,
        biased=biased,
        v_start=_starts(v_start, neurons),
        spikes_in=spikes_in,
        groups=groups,
        record=_probes(record, n),
        n_jobs=n_threads(n_jobs, n),
    )
    _require_linear(task)
    task = replace(task, i_in=_held(task))
    steps = task.steps(None if dt is None else _positive(dt, "dt"))
    result = task.run(steps)
    if tolerance is None or not task.follows_body:
        return result
    return _refined(task, steps, result, _positive(tolerance, "tolerance", ""))


def _refined(task: Task, steps: int, coarse: Transient, tolerance: float) -> Transient:
    """Halve the step until the spike times stay."""
    change = np.inf
    for _ in range(MAX_HALVINGS):
        steps *= 2
        fine = task.run(steps)
        change = fine.difference(coarse)
        if change <= tolerance:
            return replace(fine, step_error=change)
        coarse = fine
    raise WorkError(
        f"spike times still change by {change:.2g} of themselves after {MAX_HALVINGS} halvings of the step, more than "
        f"tolerance = {tolerance:g}; a neuron near its rheobase or a chaotic network needs a shorter duration"
    )


def _require_linear(task: Task) -> None:
    order = max((group.order for group in task.groups), default=0)
    if order and task.follows_body:
        raise InputError(
            f"synapses of order {order} onto neurons with body_factor up to {task.neurons.body_factor.max():g} and "
            f"drain_body up to {task.neurons.drain_body.max():g} V^3: their potential has no closed form; use order 0, "
            "both 0, or biased=False"
        )


def _rows(i_in: np.ndarray | float | None, dt_in: Seconds | None, n: int) -> tuple[np.ndarray, Seconds | None]:
    """Input currents `(row, neuron)` (A), and how long a row lasts where there are several."""
    current = np.asarray(0.0 if i_in is None else i_in, dtype=float)
    if current.ndim > 2 or (current.ndim and current.shape[-1] not in (1, n)) or not current.size:
        raise InputError(f"i_in has shape {current.shape}; expected a number, ({n},) or (time, {n})")
    if not np.isfinite(current).all():
        raise InputError("i_in holds NaN or infinity (A); mend the recording that it comes from")
    if (current.ndim == 2) != (dt_in is not None):
        raise InputError(
            f"i_in of shape {current.shape} with dt_in = {dt_in}: give dt_in (s) with (time, {n}), only then"
        )
    rows = np.broadcast_to(np.atleast_2d(current), (len(np.atleast_2d(current)), n))
    return rows, None if dt_in is None else _positive(dt_in, "dt_in")


def _durations(duration: Seconds | np.ndarray, dt_in: Seconds | None, n: int, common: bool) -> np.ndarray:
    """`(neuron,)` (s)."""
    spans = np.asarray(duration, dtype=float) if np.ndim(duration) else np.asarray(_positive(duration, "duration"))
    if spans.shape not in ((), (n,)) or not (np.isfinite(spans).all() and (spans > 0).all()):
        raise InputError(f"duration must be positive and finite (s), a number or ({n},), got {duration}")
    if spans.ndim and common and np.ptp(spans) > 0:
        raise InputError("durations differ, but connected neurons and changing inputs share one time; give a number")
    if dt_in is not None and abs(float(spans.max()) / dt_in - round(float(spans.max()) / dt_in)) > 1e-6:
        raise InputError(f"duration = {spans.max():g} s is not a whole number of dt_in = {dt_in:g} s; make it one")
    return np.array(np.broadcast_to(spans, (n,)))


def _held(task: Task) -> np.ndarray:
    """The rows up to the end of the run; the last one is held."""
    if task.row_time is None:
        return task.i_in
    rows = round(float(task.duration[0]) / task.row_time)
    return task.i_in[np.minimum(np.arange(rows), len(task.i_in) - 1)]


def _starts(v_start: np.ndarray | float | None, neurons: Population) -> np.ndarray:
    v = np.array(np.broadcast_to(neurons.v_reset if v_start is None else v_start, (len(neurons),)), dtype=float)
    if not ((v >= neurons.v_sink) & (v < neurons.v_threshold)).all():
        raise InputError(f"v_start must lie from v_sink up to below v_threshold (V), got {v.min():g} to {v.max():g} V")
    return v


def _probes(record: Sequence[int], n: int) -> np.ndarray:
    probes = np.asarray(record, dtype=np.int64)
    if probes.ndim != 1 or (probes.size and not (probes.min() >= 0 and probes.max() < n)):
        raise InputError(f"record names neurons 0 to {n - 1}, got {record}")
    return probes


def _positive(value: float, name: str, unit: str = "s") -> float:
    number = si_float(value, unit, name)
    if not number > 0:
        raise InputError(f"{name} must be positive, got {number:g} {unit}".rstrip())
    return number
