"""One simulation prepared for the compiled loop: inputs checked, steps chosen, blocks run, energy added up."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from circuits.device.btbt import LEAST_DRAIN_BODY, drain_body_factor, drain_body_slope, log_slope
from circuits.errors import InputError, WorkError
from circuits.ledger import Ledger
from circuits.neuron.energy_terms import neuron_ledger
from circuits.transient.blocks import block_size, in_blocks, whole
from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.lines import decays_of, outside_of, synapses_onto, time_constants
from circuits.transient.loops import Constants, Junction, Start, State, Tunnel, run
from circuits.transient.passage import LARGEST_DECAY
from circuits.transient.population import Population
from circuits.transient.result import Transient
from circuits.transient.step import LARGEST_Z
from circuits.units import Seconds, si

# Where they stand among the rows of a block.
STATE = slice(0, len(State._fields))
START = slice(STATE.stop, STATE.stop + len(Start._fields))
CONSTANTS = slice(START.stop, START.stop + len(Constants._fields))
TUNNEL = slice(CONSTANTS.stop + 1, CONSTANTS.stop + 1 + len(Tunnel._fields))  # behind the step

SHARES_PER_JOB = 8  # of the blocks: enough that no thread waits long for the last one
MAX_SPIKES = 100_000_000  # of a block; more would fill the memory
MAX_UPDATES = 1e13  # neurons times steps: hours
MAX_TRACE = 500_000_000  # potentials kept, 4 GB
STEPS_PER_RISE = 32  # of the first attempt, where the current follows the body and no step is given


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
        return self.biased and self.neurons.follows_body

    @property
    def recurrent(self) -> bool:
        return any(group.recurrent for group in self.groups)

    def largest_steps(self, per_rise: int) -> np.ndarray:
        """Per neuron (s): short beside each tau and each interval; not longer than a delay between neurons.

        Where the current follows the body, so many to a rise.
        """
        n = self.neurons
        lowest = np.minimum(n.v_sink, self.v_start)
        own = n.current_at(lowest) * self.biased
        follow = np.maximum.reduce([self._follow(v) for v in np.linspace(lowest, n.v_threshold, 5)])
        with np.errstate(divide="ignore", invalid="ignore"):
            drive = np.maximum(self.i_in, 0).max(axis=0) + (own if self.follows_body else 0.0)
            rise = n.c_mem * n.swing / drive
            limit = LARGEST_Z * n.c_mem / (n.g_leak + follow)
        limit = np.minimum(limit, LARGEST_DECAY * np.min(time_constants(self.groups), initial=math.inf))
        limit = np.minimum(limit, np.where(follow > 0, rise / per_rise, rise + n.t_refractory))
        return np.minimum(limit, min((group.delay for group in self.groups if group.recurrent), default=math.inf))

    def _follow(self, v: np.ndarray) -> np.ndarray:
        """-dI/dV of the tunnelling current of a body at V (S), 0 where nothing tunnels."""
        n = self.neurons
        own, v_dg = n.current_at(v) * self.biased, n.v_ds - n.v_gs - n.body_factor * v
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(own > 0, own * (n.body_factor * log_slope(v_dg, n) + drain_body_slope(v, n)), 0.0)

    def steps(self, dt: Seconds | None) -> int:
        """Steps of the first attempt; of a row, where the input has more than one."""
        h = self.largest_steps(STEPS_PER_RISE) if dt is None else np.minimum(self.largest_steps(1), dt)
        span = self.duration if self.row_time is None else np.full_like(self.duration, self.row_time)
        return max(1, math.ceil(float(np.max(span / h)) * (1 - 1e-12)))

    def run(self, steps: int) -> Transient:
        """The whole population, in `steps` steps (of a row, where the input has more than one)."""
        rows = 1 if self.row_time is None else round(float(self.duration[0]) / self.row_time)
        self._require_affordable(steps * rows)
        n = len(self.neurons)
        size = block_size(n, self.recurrent)
        table = self._table(self.duration / (steps * rows), size)
        drive = in_blocks((row / self.neurons.c_mem for row in self.i_in), len(self.i_in), n, size)
        shares = np.array_split(np.arange(len(table)), min(SHARES_PER_JOB * self.n_jobs, len(table)))
        work = partial(self._blocks, table=table, drive=drive, steps_per_row=steps, steps=steps * rows)
        if self.n_jobs == 1 or len(shares) == 1:
            done = map(work, shares)
        else:
            with ThreadPoolExecutor(self.n_jobs) as pool:
                done = list(pool.map(work, shares))
        parts = [part for share in done for part in share]
        return self._gathered(State(*whole(table[:, STATE], n)), parts, steps * rows)

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

    def _table(self, h: np.ndarray, size: int) -> np.ndarray:
        """`(block, row, neuron)`: `STATE`, `START`, `CONSTANTS`, the step h (s), and what the tunnelling needs."""
        state = [self.v_start, *np.zeros((len(State._fields) + len(Start._fields) - 1, h.size))]
        rows = [*state, *_constants(self.neurons), h, *(self._tunnel() if self.follows_body else ())]
        rows += self._junction() if self._through_junction else ()
        return in_blocks(rows, len(rows), h.size, size)

    def _blocks(self, share: np.ndarray, **arguments) -> list[tuple]:
        return [self._block(block, **arguments) for block in share]

    def _block(self, number: int, table: np.ndarray, drive: np.ndarray, steps_per_row: int, steps: int) -> tuple:
        """Spike times, spiking neurons and traces of a block; its part of the table is changed in place."""
        size = table.shape[2]
        block = slice(number * size, min((number + 1) * size, len(self.neurons)))
        rows = list(table[number, :, : block.stop - block.start])
        h, tunnel, junction = rows[CONSTANTS.stop], rows[TUNNEL], rows[TUNNEL.stop :]
        probes = np.flatnonzero((self.record >= block.start) & (self.record < block.stop))
        decays = decays_of(self.groups, h.size, float(h[0]), float(self.duration[0]))
        times, neurons, traces, done = run(
            Constants(*rows[CONSTANTS]), Tunnel(*tunnel) if tunnel else None, Junction(*junction) if junction else None,
            State(*rows[STATE]), Start(*rows[START]), drive[number], steps_per_row, h,
            synapses_onto(self.groups, self.neurons, block), decays, outside_of(self.spikes_in),
            self.record[probes] - block.start, MAX_SPIKES,
        )  # fmt: skip
        if done < steps:
            raise WorkError(
                f"too many spikes near t = {si(done * float(h[0]), 's')}: more than {MAX_SPIKES} in all, or several of "
                "each neuron in one step; lower the currents, or give a smaller dt"
            )
        return times, neurons + block.start, traces, probes

    def _tunnel(self) -> Tunnel:
        n = self.neurons
        return Tunnel(n.v_ds - n.v_gs - n.v_onset, n.body_factor, n.v_slope, n.width * n.prefactor / n.c_mem)

    @property
    def _through_junction(self) -> bool:
        return self.follows_body and bool(self.neurons.drain_body.any())

    def _junction(self) -> Junction:
        n, cube = self.neurons, np.maximum(self.neurons.v_ds, LEAST_DRAIN_BODY) ** 3
        return Junction(n.v_ds, n.drain_body, drain_body_factor(0.0, n) * (n.drain_body + cube) / cube)

    def _gathered(self, state: State, parts: list[tuple], steps: int) -> Transient:
        """The blocks put together."""
        times, spiking = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        traces = np.empty((steps + 1, self.record.size))
        for _, _, trace, probes in parts:
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
            start, end = n.current_at(self.v_start), n.current_at(state.v)
            charge += n.c_mem * state.tunnelled + 0.5 * h * (end - start)
        return charge


def _constants(part: Population) -> Constants:
    return Constants(
        v_threshold=part.v_threshold,
        v_reset=part.v_reset,
        v_sink=part.v_sink,
        v_window=np.maximum(part.v_threshold - part.v_crowbar, part.v_reset),
        t_refractory=part.t_refractory,
        leak=part.g_leak / part.c_mem,
    )
