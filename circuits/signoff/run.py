"""One clip through ngspice and through the engine: spikes matched one to one, energy added up by both."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from circuits.errors import InputError, WorkError
from circuits.ledger import Ledger, ledger_of
from circuits.netlist.cell import METER
from circuits.netlist.core_lib import CORE_FILE, SUPPLIES, core_text
from circuits.netlist.deck_of_network import supply_voltage
from circuits.netlist.match import Matching, match_spikes
from circuits.netlist.ngspice import run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.neuron.circuit import LIFCircuit
from circuits.processes import n_threads
from circuits.signoff.deck import core_deck
from circuits.signoff.spike_outputs import Outputs, outputs
from circuits.storage import scratch_folder, write_text
from circuits.transient.population import Population
from circuits.transient.result import Transient
from circuits.units import Seconds, us

BIN: Seconds = 1 * us  # chip time: a millisecond of speech at an acceleration of 1000
TIMEOUT_S = 600.0  # for each clip
# What each supply of the deck pays for, in the parts of `circuits.neuron.energy_terms`; for the drain's off-current, a
# share of `static`, that of the membranes pays
ENGINE_PARTS = {
    "membrane": ("membrane_charge", "membrane_leak"),
    "switching": ("control", "reset"),
    "crowbar": ("crowbar",),
    "static": ("static",),
}


@dataclass(frozen=True, eq=False)
class SignOff:
    """One clip by both simulators; the energy is by supply, see `SUPPLIES`, all neurons together."""

    matching: Matching
    spikes: SpikeTrains  # of ngspice, neurons in the order of the layers
    energy_spice: Ledger[float]
    energy_engine: Ledger[float]
    outputs: Outputs

    @property
    def energy_error(self) -> float | None:
        """ngspice's total over the engine's, less 1; None where the engine draws none."""
        engine = self.energy_engine.total
        return self.energy_spice.total / engine - 1 if engine else None


def sign_off(
    chip: ChipNetwork,
    stimulus: Stimulus,
    engine: Transient,
    *,
    core: str | None = None,
    bin: Seconds = BIN,
    timeout_s: float = TIMEOUT_S,
) -> SignOff:
    """Simulate a core in ngspice and compare it with what `simulate_network` gave for the same stimulus.

    Args:  core: the file of the core as `handed_over`; None: as `core_text` would write it.
    bin: largest distance of two spikes that match (s).
    timeout_s: wall-clock limit of ngspice (s).
    Raises:  InputError as `core_deck`, and where `engine` is of another network or duration; FileNotFoundError where
    ngspice is not installed; WorkError where it crashes, prints an error, stops early or exceeds the limit.
    """
    _require_same_run(chip.network, stimulus, engine)
    core = core_text(chip) if core is None else core
    return signed(wire(chip), core_deck(chip, stimulus), core, stimulus, engine, bin=bin, timeout_s=timeout_s)


def signed(
    wiring: Wiring,
    deck: str,
    core: str,
    stimulus: Stimulus,
    engine: Transient,
    *,
    bin: Seconds = BIN,
    timeout_s: float = TIMEOUT_S,
) -> SignOff:
    """Run a deck beside the file of a core, and compare it with what the engine made of the same wires.

    Raises:  as `sign_off`.
    """
    waves = _waves({"clip.cir": deck, CORE_FILE: core}, stimulus, timeout_s)
    spikes = _spikes(wiring, stimulus, waves)
    expected = SpikeTrains(engine.spike_times, engine.spike_neurons, wiring.n_neurons, stimulus.duration)
    return SignOff(
        matching=match_spikes(expected, spikes, bin=bin),
        spikes=spikes,
        energy_spice=ledger_of(
            {part: float(waves[f"v(q_{part})"][-1]) * METER * supply_voltage(wiring, part) for part in SUPPLIES}
        ),
        energy_engine=by_supply(engine.energy, wiring.circuit) + _cut(wiring, engine, stimulus.duration) * -1,
        outputs=outputs(wiring, waves, spikes),
    )


def sign_offs(
    chip: ChipNetwork,
    clips: Sequence[tuple[Stimulus, Transient]],
    *,
    core: str | None = None,
    bin: Seconds = BIN,
    timeout_s: float = TIMEOUT_S,
    n_jobs: int = 2,
) -> list[SignOff]:
    """`sign_off` of several clips in their order, `n_jobs` processes of ngspice at a time. Raises:  as `sign_off`."""
    core = core_text(chip) if core is None else core
    limits = {"core": core, "bin": bin, "timeout_s": timeout_s}
    work = (delayed(sign_off)(chip, stimulus, engine, **limits) for stimulus, engine in clips)
    return Parallel(n_threads(n_jobs, len(clips)), prefer="threads")(work)


def _require_same_run(net: NetworkSpec, stimulus: Stimulus, engine: Transient) -> None:
    if engine.v.size != net.n_neurons:
        raise InputError(f"engine ran {engine.v.size} neurons, {net.name!r} has {net.n_neurons}")
    if not np.allclose(engine.duration, stimulus.duration, rtol=1e-9, atol=0):
        raise InputError(f"engine ran {engine.duration.max():g} s, the stimulus lasts {stimulus.duration:g} s")


def _waves(files: Mapping[str, str], stimulus: Stimulus, timeout_s: float) -> Mapping[str, np.ndarray]:
    """What ngspice saved of a deck and the core beside it, up to the end of the stimulus."""
    if not timeout_s > 0:
        raise InputError(f"timeout_s must be positive, got {timeout_s} s")
    with scratch_folder() as folder:
        for name, text in files.items():
            write_text(folder / name, text)
        _, waves = run_waves(folder / "clip.cir", timeout_s)
    if not math.isclose(waves["time"][-1], stimulus.duration, rel_tol=1e-6):
        raise WorkError(f"ngspice stopped at {waves['time'][-1]:g} s of {stimulus.duration:g} s; loosen the deck")
    return waves


def _spikes(wiring: Wiring, stimulus: Stimulus, waves: Mapping[str, np.ndarray]) -> SpikeTrains:
    half = wiring.circuit.v_dd / 2
    return spike_trains(
        [rising_edges(waves["time"], waves[f"v(spk_{name})"], half) for name in wiring.names], stimulus.duration
    )


def _cut(wiring: Wiring, engine: Transient, end: Seconds) -> Ledger[float]:
    """What the engine counts of pulses that the end cuts: it takes their charge as they begin."""
    begun = engine.spike_times + wiring.delay
    left = np.where(begun < end, np.clip(begun + wiring.t_pulse - end, 0, wiring.t_pulse), 0.0)
    drawn = wiring.synapses[wiring.n_external :].clip(min=0).sum(axis=1)
    charge = float(left @ drawn[engine.spike_neurons])
    return ledger_of({part: (part == "membrane") * charge * wiring.circuit.device.v_ds for part in SUPPLIES})


def by_supply(engine: Ledger, neurons: LIFCircuit | Population) -> Ledger:
    """What the engine's neurons, of one circuit or an array of each parameter, draw together from each supply."""
    parts = engine.by("part").parts
    drawn = {supply: sum(parts[part] for part in of_it) for supply, of_it in ENGINE_PARTS.items()}
    leak, static = np.sum(neurons.drain_leak * neurons.v_ds), np.sum(neurons.static_power)
    of_drain = float(drawn["static"] * leak / static) if static else 0.0
    moved = {"membrane": drawn["membrane"] + of_drain, "static": drawn["static"] - of_drain}
    return ledger_of(drawn | moved)
