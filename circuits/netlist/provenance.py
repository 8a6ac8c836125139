"""Where a file comes from: which program wrote it, from which network, after which sources."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_text
from circuits.neuron.circuit import LIFCircuit

STATUS = "behavioural, not foundry-qualified"
HASH_DIGITS = 12


def tool() -> str:
    """Name and version of this package, for the head of every file handed over."""
    try:
        return f"tunnelspike {version('tunnelspike')}"
    except PackageNotFoundError:  # run from the source tree, not installed
        return "tunnelspike (not installed)"


def circuit_source(circuit: LIFCircuit) -> str:
    """Where the numbers of a circuit come from; `parameter_table` tells it of each."""
    return f"circuit: control circuit {circuit.control.evidence(circuit.v_dd)}, leak ASSUMED, or given by the user"


def network_hash(chip: ChipNetwork) -> str:
    """Twelve hexadecimal digits of the SHA-256 of what the network does: circuit, synapses, step, layers.

    Names of the network, its layers and its labels change nothing in silicon, so they are not part of it.
    """
    common = [asdict(chip.circuit), asdict(chip.synapse), chip.network.dt]
    digest = hashlib.sha256(json.dumps(common, sort_keys=True).encode())
    for layer in chip.network.layers:
        digest.update(layer.kind.encode())
        devices = chip.bias_devices.get(layer.name)
        of_bias = {f"bias_{name}": value for name, value in vars(devices).items()} if devices else {}
        for name, value in (vars(layer) | of_bias).items():
            if isinstance(value, np.ndarray):
                digest.update(f"{name}{value.shape}".encode() + np.ascontiguousarray(value, dtype="<f8").tobytes())
    return digest.hexdigest()[:HASH_DIGITS]


def circuit_hash(circuit: LIFCircuit) -> str:
    """Twelve hexadecimal digits of the SHA-256 of one circuit's numbers and names."""
    return hashlib.sha256(json.dumps(asdict(circuit), sort_keys=True).encode()).hexdigest()[:HASH_DIGITS]


def head(title: str, circuit: LIFCircuit, content: str, *notes: str, comment: str = "*") -> str:
    """Comment lines for the top of a file: title, tool, hash of the content, sources, status, notes; all made safe.

    Args:  content: `network_hash` or `circuit_hash`.   comment: how the dialect begins a comment line.
    """
    return "".join(f"{comment} {line}\n" for line in _lines(title, circuit, content, notes))


def _lines(title: str, circuit: LIFCircuit, content: str, notes: tuple[str, ...]) -> Iterator[str]:
    yield safe_text(title)
    yield f"written by {tool()}; content {content}; {STATUS}"
    yield f"device {safe_text(circuit.device.name)}: {safe_text(circuit.device.source)}"
    yield circuit_source(circuit)
    yield from (safe_text(note) for note in notes)


def record(circuit: LIFCircuit, content: str) -> dict[str, str]:
    """The same for the head of a JSON file."""
    return {
        "tool": tool(),
        "content_sha256": content,
        "status": STATUS,
        "device_source": circuit.device.source,
        "circuit_source": circuit_source(circuit),
    }
