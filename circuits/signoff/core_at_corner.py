"""A core at corners of process, supply and temperature: its busiest moment in ngspice, beside the engine there.

What hangs on a temperature, a supply or a process shift does nothing at nominal, so no clip there would find it wrong.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed

from circuits.device.btbt import BTBTDevice
from circuits.netlist.core_lib import driven_neurons
from circuits.netlist.waves import gate_bias
from circuits.network.chip_network import ChipNetwork
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.processes import n_threads
from circuits.signoff.deck import core_deck
from circuits.signoff.run import BIN, TIMEOUT_S, SignOff, signed
from circuits.transient.placed import simulate_wires
from circuits.units import ZERO_CELSIUS, Seconds
from circuits.variation.chip_spread import current_factor
from circuits.variation.corners import PROCESS_SHIFTS, Corner, corner_circuit

# ASSUMED: so far from nominal that each law shows, so near that leak and synapses still work against each other
SIGN_OFF_CORNERS = (
    Corner("fast, hot, +10 % supply", "FF", 1.1, 60 + ZERO_CELSIUS),
    Corner("slow, cold, -10 % supply", "SS", 0.9, ZERO_CELSIUS),
)
PART = 20  # of a clip, its busiest one, for each corner
LEAST_SPIKES = 20  # of a corner: where a twentieth has less, twice as much is taken, and so on


def at_corner(wiring: Wiring, corner: Corner) -> Wiring:
    """The wires at a corner: gate biases stay, so a synapse or a bias gives what its device does there.

    Signals come from outside, and stay.
    """
    circuit = wiring.circuit
    there = corner_circuit(circuit, corner)
    shift = PROCESS_SHIFTS[corner.process].threshold
    own = (wiring.bias > 0) & ~driven_neurons(wiring)
    return replace(
        wiring,
        circuit=there,
        g_leak=wiring.g_leak * (there.g_leak / circuit.g_leak if circuit.g_leak else 1.0),
        v_threshold=(wiring.v_threshold + shift) * corner.supply,
        bias=np.where(own, _followed(wiring, there.device, wiring.bias), wiring.bias),
        synapses=_followed(wiring, there.device, wiring.synapses),
    )


def sign_off_corners(
    chip: ChipNetwork,
    stimulus: Stimulus,
    *,
    core: str,
    bin: Seconds = BIN,
    timeout_s: float = TIMEOUT_S,
    n_jobs: int = 2,
) -> Mapping[str, SignOff]:
    """The busiest part of a clip at each of `SIGN_OFF_CORNERS`, by name. Raises:  as `sign_off`."""
    work = (delayed(_signed)(chip, stimulus, corner, core, bin, timeout_s) for corner in SIGN_OFF_CORNERS)
    found = Parallel(n_threads(n_jobs, len(SIGN_OFF_CORNERS)), prefer="threads")(work)
    return {corner.name: one for corner, one in zip(SIGN_OFF_CORNERS, found, strict=True)}


def _signed(
    chip: ChipNetwork, stimulus: Stimulus, corner: Corner, core: str, bin: Seconds, timeout_s: float
) -> SignOff:
    nominal, share = wire(chip), 1 / PART
    there = at_corner(nominal, corner)
    while True:
        part = _louder(_busiest(stimulus, nominal, min(share, 1.0)), nominal, there)
        engine = simulate_wires(there, part)
        if engine.spike_times.size >= LEAST_SPIKES or share >= 1:
            return signed(there, core_deck(chip, part, corner), core, part, engine, bin=bin, timeout_s=timeout_s)
        share *= 2


def _busiest(stimulus: Stimulus, wiring: Wiring, share: float) -> Stimulus:
    """The part of a clip with the largest signals."""
    if stimulus.signal is None:
        return replace(stimulus, duration=stimulus.duration * share)
    n = max(round(len(stimulus.signal) * share), 1)
    sums = np.convolve(np.abs(stimulus.signal).sum(axis=1), np.ones(n), "valid")
    first = int(np.argmax(sums))
    return Stimulus(n * wiring.dt, signal=stimulus.signal[first : first + n])


def _louder(stimulus: Stimulus, nominal: Wiring, there: Wiring) -> Stimulus:
    """Signals as much larger as the rheobase is: they come from outside, where no leak has grown."""
    grown = there.circuit.rheobase / nominal.circuit.rheobase if nominal.circuit.rheobase else 1.0
    signal = np.ones((1, len(nominal.signal))) if stimulus.signal is None else stimulus.signal
    return replace(stimulus, signal=signal * max(grown, 1.0))


def _followed(wiring: Wiring, there: BTBTDevice, currents: np.ndarray) -> np.ndarray:
    """Currents at their gate biases in the device at a corner."""
    sizes, which = np.unique(np.abs(currents), return_inverse=True)
    gates = np.array([gate_bias(wiring, float(size)) if size else np.nan for size in sizes])
    factors = current_factor(gates, wiring.circuit.device, there, 0.0)
    return currents * factors[which].reshape(currents.shape)
