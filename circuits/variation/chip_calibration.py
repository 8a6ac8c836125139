"""Calibration of one chip by the tuning knob of its devices, the gate bias: one shift for each bias line.

    knob = the code of the bias DAC at which  mean I(replicas) / I_nominal  comes nearest to  q / q_nominal

Everything is chosen from what a chip can measure: the summed current of test devices on each line, the rate of test
neurons at a current known from outside, which tells the charge q that fires a neuron here, and the rate of each input
neuron at a known signal. The mismatch of the devices themselves stays. DAC, test devices and their cost are ASSUMED.
"""

from dataclasses import dataclass

import numpy as np

from circuits.device.btbt import bias_for_current
from circuits.network.chip_network import ChipNetwork
from circuits.neuron.circuit import LIFCircuit, firing_rate
from circuits.transient.population import Population, population
from circuits.units import Hertz, Seconds, Volts, freeze_si, mV, ns, require
from circuits.variation.chip_spread import (
    TYPICAL,
    Condition,
    Line,
    Shifts,
    Silicon,
    bias_lines,
    current_factor,
    perturbed,
)

TEST_RISE: Seconds = 20 * ns  # ASSUMED: of a test neuron; short beside its leak, hot or cold
TEST_DRIVE = 2.0  # ASSUMED: rheobases at which an input neuron is trimmed, where threshold and current both matter


@dataclass(frozen=True)
class Calibration:
    """The DAC of a bias line, codes (k - 2^(bits - 1)) step, and that of each input neuron: no bits, no trim."""

    bits: int = 8
    step: Volts = 4 * mV  # ASSUMED: +-0.5 V in all; a slow chip at -40 C, low supply and ten years needs 0.48 V
    trim_bits: int = 0
    trim_step: Volts = 2 * mV  # ASSUMED

    def __post_init__(self):
        freeze_si(self)
        require(self, "bits", 1 <= self.bits <= 16, "1 to 16")
        require(self, "trim_bits", 0 <= self.trim_bits <= 12, "0 to 12")
        for name in ("step", "trim_step"):
            require(self, name, getattr(self, name) > 0, "positive")

    @property
    def codes(self) -> np.ndarray:
        """Every shift of a line (V), ascending."""
        return _codes(self.bits, self.step)

    def at_limit(self, knobs: Shifts) -> tuple[Line, ...]:
        """Lines whose DAC has come to an end, so that they may lie far off their target."""
        ends = self.codes[[0, -1]]
        return tuple(line for line, shift in knobs.items() if np.isscalar(shift) and shift in ends)


CALIBRATION = Calibration()


def calibrate(
    chip: ChipNetwork,
    condition: Condition,
    silicon: Silicon = TYPICAL,
    calibration: Calibration = CALIBRATION,
) -> Shifts:
    """The knobs of one chip at a condition, for `perturbed(..., knobs)`: a shift (V) for each line.

    A leak has a knob where it is a tunnelling device; its target is the nominal current. With `trim_bits` a signal
    line has one knob for each input neuron, `(neuron,)`.
    """
    here, nominal = condition.circuit(chip.circuit), chip.circuit
    charge = measured_charge(here, silicon) / measured_charge(nominal)
    knobs = {}
    for line, devices in bias_lines(chip).items():
        if line[1] == "leak" and condition.leak != "tunnelling":
            continue
        replica = bias_for_current(np.median(devices.current[devices.current > 0]), nominal.device, nominal.width)
        shifts = np.add.outer(calibration.codes, silicon.replicas.get(line, np.zeros(1)))
        measured = current_factor(replica, nominal.device, here.device, shifts).mean(axis=1)
        knobs[line] = _nearest(calibration.codes, measured, 1.0 if line[1] == "leak" else charge)
    return _trimmed(chip, condition, silicon, knobs, calibration) if calibration.trim_bits else knobs


def measured_charge(circuit: LIFCircuit, silicon: Silicon = TYPICAL) -> float:
    """The charge that fires a neuron as test neurons tell it, Q(I) = 2 I (T(I) - T(2 I)), T = 1 / mean rate (C).

    The difference knows no refractory time, which moves too. Taken at I and at 2 I, 2 Q(2 I) - Q(I): the charge that
    leaks meanwhile is half as much at twice the current.
    """
    n = np.size(silicon.test_neurons.threshold)
    neurons = silicon.test_neurons.of(population(circuit, n))
    current = circuit.c_mem * circuit.swing / TEST_RISE
    long, middle, short = (1 / firing_rate(neurons, times * current).mean() for times in (1, 2, 4))
    slow, fast = 2 * current * (long - middle), 4 * current * (middle - short)
    return float(2 * fast - slow)


def _codes(bits: int, step: Volts) -> np.ndarray:
    return (np.arange(2**bits) - 2 ** (bits - 1)) * step


def _nearest(codes: np.ndarray, measured: np.ndarray, target: float) -> float:
    """The code whose current has the least |ln(measured / target)|."""
    with np.errstate(divide="ignore"):
        return float(codes[np.argmin(np.abs(np.log(measured / target)))])


def _trimmed(
    chip: ChipNetwork,
    condition: Condition,
    silicon: Silicon,
    knobs: Shifts,
    calibration: Calibration,
) -> Shifts:
    """The knobs with those of an encoder one for each neuron: the code that brings its rate nearest to nominal."""
    encoder = chip.network.layers[0]
    if encoder.kind != "encoder":
        return knobs
    line, codes = (encoder.name, "weights"), _codes(calibration.trim_bits, calibration.trim_step)
    target = _test_rates(chip, perturbed(chip, Condition()))
    moved = (knobs | {line: knobs[line] + code} for code in codes)
    rates = [_test_rates(chip, perturbed(chip, condition, silicon, shifts)) for shifts in moved]
    return knobs | {line: knobs[line] + codes[np.abs(np.array(rates) - target).argmin(axis=0)]}


def _test_rates(nominal: ChipNetwork, there: tuple[ChipNetwork, Population]) -> Hertz:
    """Rate of each input neuron at the signals that drive a nominal one by TEST_DRIVE rheobases, `(neuron,)` (Hz)."""
    net, (chip, neurons) = nominal.network, there
    encoder, per_weight = net.layers[0], nominal.circuit.charge_per_weight
    signal = TEST_DRIVE * per_weight / encoder.tau_mem / (encoder.weights.sum(axis=0) * per_weight / net.dt)
    current = chip.network.layers[0].weights.sum(axis=0) * signal * per_weight / net.dt
    return firing_rate(neurons[: encoder.n_neurons], current)
