"""The behavioural neuron that does and costs what the transistors do: `LIFCircuit` with its constants fitted.

rate      C, g_leak and t_refractory from the periods at a quarter, once and four times the input current
energy    control and crowbar from what comparator and pulse draw there; reset and static as measured
check     rate and energy at half and twice the current, which nothing was fitted to
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import least_squares, nnls

from circuits.device.btbt import bias_for_current, thermal
from circuits.errors import InputError, WorkError
from circuits.neuron.circuit import LIFCircuit, period, rise_time
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.simulated_control import SimulatedControl
from circuits.processes import n_threads
from circuits.transistor.bench import NOMINAL, source_at
from circuits.transistor.cards import Cards
from circuits.transistor.measure import NeuronFigures, measure
from circuits.transistor.schematic import NeuronCell
from circuits.units import Amperes, Hertz, Joules, Seconds, fF, ns, pA, pS
from circuits.variation.corners import CORNERS, Corner

FITTED, CHECKED = (0.25, 1.0, 4.0), (0.5, 2.0)  # of the cell's own input current


@dataclass(frozen=True)
class Beside:
    """Rate and energy of a spike at one input current, by transistors and by the circuit fitted to them."""

    input_current: Amperes
    fitted: bool
    rate: Hertz
    rate_of_circuit: Hertz
    energy: Joules
    energy_of_circuit: Joules

    @property
    def error(self) -> float:
        """The larger of the two relative differences."""
        return max(abs(self.rate_of_circuit / self.rate - 1), abs(self.energy_of_circuit / self.energy - 1))


@dataclass(frozen=True)
class Calibration:
    """A circuit, and how it compares at each current, fitted and not."""

    corner: Corner
    circuit: LIFCircuit
    points: tuple[Beside, ...]
    pulse: Seconds  # width of the output at the current in the middle

    @property
    def comparator_delay(self) -> Seconds:
        """From the threshold to the output: what of the fitted refractory time is not the pulse."""
        return max(self.circuit.t_refractory - self.pulse, 0.0)

    @property
    def worst_error(self) -> float:
        """At the currents that were not fitted."""
        return max(point.error for point in self.points if not point.fitted)


def calibrate(
    cell: NeuronCell,
    cards: Cards,
    corner: Corner = NOMINAL,
    n_jobs: int | None = -1,
    fitted: Sequence[float] = FITTED,
    checked: Sequence[float] = CHECKED,
) -> Calibration:
    """Fit a behavioural circuit to a neuron at one corner.

    Args:  fitted, checked: input currents, over the cell's own.
    Raises: WorkError with the branch that holds it where the neuron does not spike at a current; as `measure`.
    """
    factors = sorted((*fitted, *checked))
    work = Parallel(n_threads(n_jobs, len(factors)), backend="threading")
    measured = work(delayed(measure)(_with_current(cell, factor), cards, corner) for factor in factors)
    for factor, figures in zip(factors, measured, strict=True):
        if not figures.spikes:
            raise WorkError(f"no calibration: no spike at {factor:g} of the input current; {figures.held.text}")
    to_fit = [figures for factor, figures in zip(factors, measured, strict=True) if factor in fitted]
    circuit = _energy_fit(_rate_fit(_start(cell, corner, to_fit[len(to_fit) // 2]), to_fit), to_fit)
    points = (_beside(circuit, figures, factor in fitted) for factor, figures in zip(factors, measured, strict=True))
    return Calibration(corner, circuit, tuple(points), to_fit[len(to_fit) // 2].pulse)


def _with_current(cell: NeuronCell, factor: float) -> NeuronCell:
    """The cell with its gate bias moved to `factor` times its input current."""
    return replace(cell, v_gate=float(bias_for_current(factor * cell.input_current, cell.device, cell.source_width)))


def _start(cell: NeuronCell, corner: Corner, figures: NeuronFigures) -> LIFCircuit:
    """The circuit with what is measured directly; its tunnelling device is that of the corner."""
    device = replace(source_at(cell.device, corner), v_ds=cell.v_drain * corner.supply)
    return LIFCircuit(
        device=device, width=cell.source_width, v_gs=cell.v_gate, v_dd=figures.v_dd,
        v_threshold=figures.v_threshold, v_reset=figures.v_reset, v_sink=figures.v_reset,
        control=ControlTransistors(simulated=_control(figures)), drawn=False,
    )  # fmt: skip


def _control(figures: NeuronFigures) -> SimulatedControl:
    """What is measured of the control circuit by itself; comparator and pulse are fitted."""
    reset, static = figures.energy["reset"] / figures.v_dd**2, figures.leak_power / figures.v_dd
    return replace(
        SimulatedControl(), c_second=reset, i_static=static, v_dd=figures.v_dd, temperature=figures.corner.temperature
    )


def _rate_fit(start: LIFCircuit, fitted: Sequence[NeuronFigures]) -> LIFCircuit:
    """C, leak and refractory time of the least squares of ln period."""
    units = np.array([fF, pS, ns])

    def circuit(x: np.ndarray) -> LIFCircuit:
        c_mem, g_leak, refractory = (float(value) for value in np.where(x < 1e-3, 0, x) * units)
        return replace(start, c_mem=c_mem, g_leak=g_leak, t_refractory=refractory)

    def residual(x: np.ndarray) -> list[float]:
        trial = circuit(x)
        return [min(np.log(period(trial, one.input_current) * one.rate), 10.0) for one in fitted]

    bounds, scale = ([1e-2, 0, 0], 1e5), [1.0, 10.0, 100.0]
    return circuit(least_squares(residual, [1.0, 1.0, 10.0], bounds=bounds, x_scale=scale).x)


def _energy_fit(circuit: LIFCircuit, fitted: Sequence[NeuronFigures]) -> LIFCircuit:
    """C_control and I_crowbar, neither negative, of the relative least squares of comparator and pulse."""
    near = max(circuit.v_threshold - circuit.v_crowbar, circuit.v_reset)
    drawn = np.array([one.energy["comparator"] + one.energy["pulse"] for one in fitted])
    window = [rise_time(circuit, one.input_current, near, circuit.v_threshold) for one in fitted]
    terms = np.array([[circuit.v_dd**2 * fF, circuit.v_dd * seconds * 1e-12] for seconds in window])
    (control, crowbar), _ = nnls(terms / drawn[:, None], np.ones(len(drawn)))
    fit = replace(circuit.control.simulated, c_first=float(control) * fF, i_crowbar=float(crowbar) * pA)
    return replace(circuit, control=replace(circuit.control, simulated=fit))


def _beside(circuit: LIFCircuit, figures: NeuronFigures, fitted: bool) -> Beside:
    current = figures.input_current
    energy = spike_energy(circuit, current).total
    return Beside(current, fitted, figures.rate, 1 / period(circuit, current), figures.energy.total, energy)


CONDITIONS = tuple(corner for corner in CORNERS if corner.process == "TT")
# Not the leak: what it is worth at these currents is within the error.
SCALED = ("c_control", "c_reset", "i_crowbar", "i_static", "t_refractory", "c_mem")


@dataclass(frozen=True)
class Scaling:
    """How a constant of the circuit moves: value v (V_DD / V_DD0)^exponent exp(-E_a / k (1/T - 1/T_0))."""

    name: str
    value: float  # as calibrated at the nominal corner
    supply_exponent: float
    activation_ev: float
    residual: float  # rms of ln v


def scaling(calibrations: Sequence[Calibration]) -> tuple[Scaling, ...]:
    """The law of each constant through its nominal value, least squares of its logarithm over calibrations.

    Raises: InputError where none is of the nominal corner.
    """
    nominal = next((one.circuit for one in calibrations if one.corner.name == NOMINAL.name), None)
    if nominal is None:
        raise InputError(f"no calibration of {NOMINAL.name}, which the laws go through; add it")
    supply = np.log([one.corner.supply for one in calibrations])
    heat = np.array([thermal(one.corner.temperature, NOMINAL.temperature) for one in calibrations])
    terms, rows = np.column_stack((supply, heat)), []
    for name in SCALED:
        value = getattr(nominal, name)
        grown = np.log([getattr(one.circuit, name) / value for one in calibrations])
        exponent, activation = np.linalg.lstsq(terms, grown, rcond=None)[0]
        rms = np.sqrt(np.mean((terms @ (exponent, activation) - grown) ** 2))
        rows.append(Scaling(name, value, float(exponent), float(activation), float(rms)))
    return tuple(rows)
