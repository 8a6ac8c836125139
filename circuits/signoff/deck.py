"""The deck of a core: what of a network can be signed off against the engine, and the file that was handed over."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from circuits.netlist.core_lib import CORE_FILE, unfit
from circuits.netlist.deck_of_network import longest_step, network_deck
from circuits.netlist.provenance import head, network_hash
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_text
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.units import si
from circuits.variation.corners import Corner

MAX_STEPS = 1e6  # hours
HELD = (".subckt", ".ends", ".param", ".func", ".model")  # the only commands of a library: none runs or reads anything
_PLAIN = re.compile(r"[\t\x20-\x7e]*")  # of a line: other characters end it for some readers and not for others
MOST_BYTES = 1 << 28  # of a core that is read; the largest that is written is a hundredth


def core_deck(chip: ChipNetwork, stimulus: Stimulus, corner: Corner | None = None) -> str:
    """A deck that runs beside the file of the core, under a stimulus and at a corner, see `network_deck`.

    Raises:  InputError for a network that is no core (spikes from outside, readout, adaptation), for a refractory time
    shorter than delay + t_pulse, for a stimulus that does not fit or needs more than `MAX_STEPS` steps, and as
    `core_lib`.
    """
    net = chip.network
    stimulus.require_fits(net)
    wiring = wire(chip)
    _require_core(net, wiring, stimulus)
    key = network_hash(chip)
    return network_deck(wiring, stimulus, key, head(f"core {safe_text(net.name)}", chip.circuit, key), corner=corner)


def handed_over(folder: str | Path, chip: ChipNetwork) -> str:
    """The core in the folder of a hand-over, as it stands there, whatever was done to it.

    Raises:  InputError where there is none, where it is no text, or where its subcircuit is of another network.
    """
    path = Path(folder) / CORE_FILE
    if Path(folder).is_file():
        raise InputError(f"{folder} is a file; give the folder of the hand-over that it is in, {Path(folder).parent}")
    if not path.is_file():
        raise MissingInputError(
            f"no {CORE_FILE} in {folder}; write one with snn export RUN --format spice --out {folder}"
        )
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}: that is no core")
    try:
        text = path.read_bytes().decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no SPICE text ({error}); export it again") from error
    _require_a_library(path, text)
    _require_same_network(path, text, chip)
    return text


def numbered_lines(text: str, where: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a file as ngspice takes them. Raises:  InputError for one with a control character."""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not _PLAIN.fullmatch(line):
            raise InputError(f"{where}, line {number}: {line[:40]!r} holds a control character; take it out")
        yield number, line


def core_sha256(text: str) -> str:
    """The hash of the file of a core, as `sha256sum` prints it."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _require_a_library(path: Path, text: str) -> None:
    """Raise InputError for a line that is no part of a subcircuit: ngspice runs the commands of any file it reads."""
    depth = 0
    for number, line in numbered_lines(text, path):
        word = line.split(maxsplit=1)[0].lower() if line.strip() else "*"
        if word.startswith((".", "$")) and word not in HELD:
            raise InputError(f"{path}, line {number}: {word[:40]!r} is none of {', '.join(HELD)}; take it out")
        depth += (word == ".subckt") - (word == ".ends")
        inside = depth > 0 or word in (".ends", "*") or line.lstrip().startswith(("*", "+"))
        if not inside or line.lstrip().startswith(("`", "#")):
            raise InputError(f"{path}, line {number}: {line[:40]!r} stands outside every subcircuit; take it out")


def _require_same_network(path: Path, text: str, chip: ChipNetwork) -> None:
    key = network_hash(chip)
    found = next((line.split()[1] for line in text.splitlines() if line.lower().startswith(".subckt btbt_core_")), None)
    if found != f"btbt_core_{key}":
        raise InputError(
            f"{path} holds {found or 'none'}, this run is btbt_core_{key}: another network; export this run, or name "
            "its run"
        )


def _require_core(net: NetworkSpec, wiring: Wiring, stimulus: Stimulus) -> None:
    if net.n_external or wiring.adaptive.any() or not wiring.spiking.all():
        kinds = ", ".join(layer.kind for layer in net.layers)
        raise InputError(
            f"{net.name!r} has layers {kinds}; a core is an encoder and layers of kind lif, its readout is off chip"
        )
    busy, held = wiring.delay + wiring.t_pulse, wiring.circuit.t_refractory
    if held < busy * (1 - 1e-9):
        raise InputError(
            f"t_refractory = {si(held, 's')} of {net.name!r} is shorter than delay + t_pulse = {si(busy, 's')}: a line "
            "could spike again within its pulse, where the netlist has one pulse and the engine two; make t_refractory "
            "at least that long"
        )
    if reason := unfit(wiring):
        raise InputError(reason)
    step = longest_step(wiring, stimulus)
    if stimulus.duration / step > MAX_STEPS:
        raise InputError(
            f"{si(stimulus.duration, 's')} take {stimulus.duration / step:.3g} steps of {si(step, 's')}, more than "
            f"{MAX_STEPS:g}; shorten the clip, or let the chip run faster than the signal"
        )
