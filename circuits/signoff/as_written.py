"""What of a core's file is as this version writes it, told before anything is simulated.

The core itself must be the run's: every synapse, read back as a current, every other statement word for word. Its cells
and lines may be of another hand, since they can be judged by what they do; that they are is told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from circuits.device.btbt import btbt_current
from circuits.errors import InputError
from circuits.netlist.core_lib import CORE_FILE, core_text, synapse_line
from circuits.netlist.provenance import network_hash
from circuits.network.chip_network import ChipNetwork
from circuits.network.wiring import Wiring, wire
from circuits.signoff.deck import numbered_lines

STRENGTH_TOLERANCE = 1e-6  # of a synapse's current; a gate bias has 12 digits
MOST_TOLD = 3  # differences that an error names
_NUMBER = re.compile(r"[-+]?\d+\.?\d*(e[-+]?\d+)?")
_UNNAMED = (".param", ".model", ".func")  # statements whose second word says which they are

Statement = tuple[int, str]  # number of its first line, and its words


@dataclass(frozen=True)
class Reading:
    """A file whose core is the run's: synapses that were read, and in words what besides the core is not as written."""

    synapses_seen: int
    foreign: tuple[str, ...]


def read_core(text: str, chip: ChipNetwork, where: str | Path = CORE_FILE) -> Reading:
    """Compare the file of a core with what this version writes for the network; comments may differ.

    Raises:  InputError naming the first statements of the core that are missing, surplus or other ones, and its lines
    that cannot be read.
    """
    key, wiring = network_hash(chip), wire(chip)
    core = f"btbt_core_{key}"
    found, expected = _subcircuits(text, where), _subcircuits(core_text(chip), where)
    gates = _gates(wiring, key)
    if wrong := [*_differences(found.get(core, []), expected[core], gates, wiring)]:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise InputError(f"{where} is not of this run: {'; '.join(wrong[:MOST_TOLD])}{more}; export it again")
    others = sorted((found.keys() | expected.keys()) - {core})
    foreign = (_first_difference(name, found.get(name), expected.get(name)) for name in others)
    return Reading(len(gates), tuple(words for words in foreign if words))


def _subcircuits(text: str, where: str | Path) -> dict[str, list[Statement]]:
    """Statements of each subcircuit, its pins and parameters the first of them.

    Raises:  InputError for a subcircuit within another, or of a name that there was.
    """
    statements: dict[str, list[Statement]] = {}
    inside: list[Statement] | None = None
    for number, line in numbered_lines(text, where):
        words = " ".join(line.split())
        command, _, rest = words.partition(" ")
        command = command.lower()
        if command == ".subckt":
            name = rest.split(" ")[0]
            if inside is not None or name in statements or not name:
                said = f"{name or 'a subcircuit without a name'} stands within a subcircuit, or twice, or is none"
                raise InputError(f"{where}, line {number}: {said}; take it out")
            inside = statements[name] = [(number, words)]
        elif command == ".ends":
            inside = None
        elif inside is not None and words.startswith("+"):
            inside[-1] = (inside[-1][0], f"{inside[-1][1]} {words[1:].strip()}")
        elif inside is not None and words and not words.startswith("*"):
            inside.append((number, words))
    return statements


def _gates(wiring: Wiring, key: str) -> dict[str, tuple[float, str, str]]:
    """Of each synapse, by the name of its statement: its current (A), and what stands around its gate bias."""
    gates = {}
    for source, i in zip(*wiring.synapses.nonzero(), strict=True):
        before, after = synapse_line(wiring, source, i, key, "\0").split("\0")
        gates[before.split(" ", 1)[0]] = (abs(float(wiring.synapses[source, i])), before, after)
    return gates


def _differences(
    found: list[Statement],
    expected: list[Statement],
    gates: Mapping[str, tuple[float, str, str]],
    wiring: Wiring,
) -> Iterator[str]:
    """What is wrong with the statements of a core, in words, in the order of the file; what is missing comes last."""
    missing = {name: f"{before}...{after}" for name, (_, before, after) in gates.items()}
    missing |= {_name(words): words for _, words in expected}
    for number, words in found:
        name, written = _name(words), missing.pop(_name(words), None)
        if written is None:
            yield f"line {number}: {words[:80]!r} is surplus"
        elif name in gates and (current := _current(words, *gates[name][1:], wiring)) is not None:
            if not abs(current / gates[name][0] - 1) <= STRENGTH_TOLERANCE:
                yield f"line {number}: synapse {name} of {current:.6g} A, expected {gates[name][0]:.6g} A"
        elif words != written:
            yield f"line {number}: {_apart(words, written)}"
    for name, words in missing.items():
        yield f"synapse {name} of {gates[name][0]:.6g} A is missing" if name in gates else f"{words[:80]!r} is missing"


def _current(words: str, before: str, after: str, wiring: Wiring) -> float | None:
    """The current of a synapse between the nodes of the run's (A); None where the statement is none of that form."""
    gate = words.removeprefix(before).removesuffix(after)
    if before + gate + after != words or not _NUMBER.fullmatch(gate):
        return None
    circuit = wiring.circuit
    return float(btbt_current(circuit.device.v_ds - float(gate), circuit.device, circuit.width))


def _first_difference(name: str, found: list[Statement] | None, expected: list[Statement] | None) -> str | None:
    """Where a cell or line begins to be another one than this version writes; None where it is the same."""
    if found is None or expected is None:
        return f"{name}: {'missing' if found is None else 'no part of this version'}"
    for (number, words), (_, written) in zip(found, expected, strict=False):
        if words != written:
            return f"{name}: differs at line {number}: {_apart(words, written)}"
    if len(found) != len(expected):
        number, words = max(found, expected, key=len)[min(len(found), len(expected))]
        where = f"differs at line {number}" if len(found) > len(expected) else "ends too soon"
        return f"{name}: {where}: {words[:80]!r} is {'surplus' if len(found) > len(expected) else 'missing'}"
    return None


def _name(words: str) -> str:
    """What a statement is called within its subcircuit: the name of an element, or a command and what it defines."""
    first, *rest = words.split(" ", 2)
    second = re.split(r"[=(]", rest[0])[0] if first.lower() in _UNNAMED and rest else ""
    return f"{first} {second}" if second else first


def _apart(words: str, written: str) -> str:
    """From where two statements differ: the first word of each that is not the other's."""
    found, expected = words.split(" "), written.split(" ")
    k = next((k for k, pair in enumerate(zip(found, expected, strict=False)) if len(set(pair)) > 1),
             min(len(found), len(expected)))  # fmt: skip
    there, here = (" ".join(part[k : k + 3]) or "nothing" for part in (found, expected))
    return f"{found[0]}: {there[:80]!r}, expected {here[:80]!r}"
