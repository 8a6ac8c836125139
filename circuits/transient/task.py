"""One simulation prepared for the compiled loop: inputs checked, steps chosen, blocks run, energy added up."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from joblib import Parallel, delayed

from circuits.device.btbt import btbt_current, log_slope
from circuits.errors import InputError, WorkError
from circuits.ledger import Ledger
from circuits.neuron.energy_terms import neuron_ledger
from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.lines import decays_of, outside_of, synapses_onto, time_constants
from circuits.transient.loops import Constants, State, Tunnel, run
from circuits.transient.passage import LARGEST_DECAY
from circuits.transient.population import Population
from circuits.transient.result import Transient
from circuits.transient.step import LARGEST_Z
from circuits.units import Seconds, si

Arrays = TypeVar("Arrays", Constants, Tunnel)

BLOCK = 256  # neurons: their state stays in the first-level cache while time goes on
SHARES_PER_JOB = 8  # of the blocks: enough that no thread waits long for the last one
MAX_SPIKES = 100_000_000  # of a block; more would fill the memory
MAX_UPDATES = 1e13  # neurons times steps: hours
MAX_TRACE = 500_000_000  # potentials kept, 4 GB
STEPS_PER_RISE = 32  # of the first attempt, where the current follows the body


@dataclass(frozen=True, eq=False)
class Task:
    """What `simulate` was asked for, broadcast and checked."""

    neurons: Population
    duration: np.ndarray  # (neuron,), s
    i_in: np.ndarray  # (row, neuron), A; without the tunnelling current of a body that the current follows
    row_time: Seconds | None  # how long a row lasts; None: one row to the end
    biased: bool  # the gate bias drives the neuron
    v_start: np.ndarray  # (neuron,), V
    spikes_in: SpikeInput | None
    groups: tuple[Connections, ...]
    record: np.ndarray
    n_jobs: int

    @property
    def follows_body(self) -> bool:
        """Whether the tunnelling current depends on the membrane, so that a step has an error."""
        return self.biased and bool(self.neurons.body_factor.any())

    @property
    def recurrent(self) -> bool:
        return any(group.recurrent for group in self.groups)

    def largest_steps(self) -> np.ndarray:
        """Per neuron (s): short beside each tau and each interval; not longer than a delay between neurons."""
        n = self.neurons
        lowest = np.minimum(n.v_sink, self.v_start)
        v_dg = n.v_ds - n.v_gs - n.body_factor * lowest
        own = btbt_current(v_dg, n, n.width) * self.biased
        with np.errstate(divide="ignore", invalid="ignore"):
            follow = np.where(own > 0, n.body_factor * own * log_slope(v_dg, n), 0.0)
            drive = np.maximum(self.i_in, 0).max(axis=0) + (own if self.follows_body else 0.0)
            rise = n.c_mem * n.swing / drive
            limit = LARGEST_Z * n.c_mem / (n.g_leak + follow)
        limit = np.minimum(limit, LARGEST_DECAY * np.min(time_constants(self.groups), initial=math.inf))
        limit = np.minimum(limit, np.where(follow > 0, rise / STEPS_PER_RISE, rise + n.t_refractory))
        return np.minimum(limit, min((group.delay for group in self.groups if group.recurrent), default=math.inf))

    def steps(self, dt: Seconds | None) -> int:
        """Steps of the first attempt; of a row, where the input has more than one."""
        h = np.minimum(self.largest_steps(), math.inf if dt is None else dt)
        span = self.duration if self.row_time is None else np.full_like(self.duration, self.row_time)
        return max(1, math.ceil(float(np.max(span / h)) * (1 - 1e-12)))

    def run(self, steps: int) -> Transient:
        """The whole population, in `steps` steps (of a row, where the input has more than one)."""
        rows = 1 if self.row_time is None else round(float(self.duration[0]) / self.row_time)
        self._require_affordable(steps * rows)
        n = len(self.neurons)
        size = n if self.recurrent else BLOCK
        blocks = [slice(i, min(i + size, n)) for i in range(0, n, size)]
        circuit = _constants(self.neurons), self._tunnel(), self.i_in / self.neurons.c_mem
        shares = [share for share in np.array_split(blocks, SHARES_PER_JOB * self.n_jobs) if len(share)]
        work = [delayed(self._blocks)(share, circuit, steps, steps * rows) for share in shares]
        if self.n_jobs == 1 or len(shares) == 1:
            done = [function(*arguments) for function, arguments, _ in work]
        else:
            done = Parallel(n_jobs=self.n_jobs, prefer="threads")(work)
        parts = [part for share in done for part in share]
        return self._gathered(parts, steps * rows)

    def _require_affordable(self, steps: int) -> None:
        step, n = si(float(np.min(self.duration)) / steps, "s"), len(self.neurons)
        if steps * n > MAX_UPDATES:
            raise InputError(
                f"{n} neurons need {steps} steps of {step}, more than {MAX_UPDATES:g} updates; shorten the duration, "
                "or simulate fast and slow circuits apart"
            )
        if steps * self.record.size > MAX_TRACE:
            raise InputError(
                f"{self.record.size} traces of {steps} steps hold more than {MAX_TRACE:g} values; record fewer neurons"
            )

    def _blocks(self, share: np.ndarray, *arguments) -> list[tuple]:
        return [self._block(block, *arguments) for block in share]

    def _block(self, block: slice, circuit: tuple, steps_per_row: int, steps: int) -> tuple:
        """State, spike times, spiking neurons and traces of a block."""
        constants, tunnel, drive = circuit
        state, h = self._state(block), self.duration[block] / steps
        probes = np.flatnonzero((self.record >= block.start) & (self.record < block.stop))
        decays = decays_of(self.groups, state.v.size, float(h[0]), float(self.duration[0]))
        times, neurons, traces, done = run(
            _part(constants, block), _part(tunnel, block), state, np.ascontiguousarray(drive[:, block]), steps_per_row,
            h, synapses_onto(self.groups, self.neurons, block), decays, outside_of(self.spikes_in),
            self.record[probes] - block.start, MAX_SPIKES,
        )  # fmt: skip
        if done < steps:
            raise WorkError(
                f"too many spikes near t = {si(done * float(h[0]), 's')}: more than {MAX_SPIKES} in all, or several of "
                "each neuron in one step; lower the currents, or give a smaller dt"
            )
        return state, times, neurons + block.start, traces, probes

    def _tunnel(self) -> Tunnel | None:
        if not self.follows_body:
            return None
        n = self.neurons
        return Tunnel(n.v_ds - n.v_gs - n.v_onset, n.body_factor, n.v_slope, n.width * n.prefactor / n.c_mem)

    def _state(self, block: slice) -> State:
        v = self.v_start[block].copy()
        return State(v, *(np.zeros_like(v) for _ in range(5)))

    def _gathered(self, parts: list[tuple], steps: int) -> Transient:
        """The blocks put together, spikes in order of time."""
        state = State(*(np.concatenate(column) for column in zip(*(part[0] for part in parts), strict=True)))
        times, spiking = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        traces = np.empty((steps + 1, self.record.size))
        for _, _, _, trace, probes in parts:
            traces[:, probes] = trace
        counts = np.bincount(spiking, minlength=len(self.neurons))
        h = self.duration / steps
        return Transient(
            duration=self.duration,
            own_times=times,
            own_neurons=spiking,
            energy=self._energy(state, counts, h),
            v=state.v,
            step=h,
            trace_times=np.arange(steps + 1) * h[0],
            traces=traces,
        )

    def _energy(self, state: State, counts: np.ndarray, h: np.ndarray) -> Ledger:
        """Parts over the whole run, each `(neuron,)`."""
        n = self.neurons
        inside = state.v > np.maximum(n.v_threshold - n.v_crowbar, n.v_reset)
        window = state.window + inside * self.duration
        return neuron_ledger(n, spikes=counts, charge=self._charge(state, h), window=window, time=self.duration)

    def _charge(self, state: State, h: np.ndarray) -> np.ndarray:
        """Charge from the drain supply (C): tunnelled, of positive input currents, and of excitatory synapses."""
        n = self.neurons
        rows = np.maximum(self.i_in, 0)
        charge = rows.mean(axis=0) * self.duration + n.c_mem * state.synaptic
        if self.follows_body:  # the loop has summed h I at the start of each step: the trapezoidal rule's ends
            start, end = (
                btbt_current(n.v_ds - n.v_gs - n.body_factor * v, n, n.width) for v in (self.v_start, state.v)
            )
            charge += n.c_mem * state.tunnelled + 0.5 * h * (end - start)
        return charge


def _part(arrays: Arrays | None, block: slice) -> Arrays | None:
    """The block's part of each array."""
    return None if arrays is None else type(arrays)(*(array[block] for array in arrays))


def _constants(part: Population) -> Constants:
    return Constants(
        v_threshold=part.v_threshold,
        v_reset=part.v_reset,
        v_sink=part.v_sink,
        v_window=np.maximum(part.v_threshold - part.v_crowbar, part.v_reset),
        t_refractory=part.t_refractory,
        leak=part.g_leak / part.c_mem,
    )
