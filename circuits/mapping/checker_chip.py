"""What a mapping file says of its chip, compared with the chip's own file: limits, mesh and what is charged.

For `circuits.mapping.checker` alone; it reads the table of the chip itself, and nothing of what made the mapping.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.tables import Table, read_toml, shortened

FOLDER = files("circuits") / "chips"
NAME = re.compile(r"\w[\w .+-]{0,79}")
KIND = "spiking-mesh"
LIMITS = ("neurons", "synapses", "axons_in", "axons_out")
MESH = {"width": "width", "height": "height", "cores_per_router": "cores"}  # by what the chip calls it
CHARGES = ("access_j", "update_j", "spike_j", "message_j", "link_east_west_j", "link_north_south_j", "core_w",
           "router_w")  # fmt: skip


def chip_name(value: Any) -> str:
    """The name of a chip. Raises: InputError for what is none."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise InputError(f"chip must be a name of letters, digits and . + - _, got {shortened(value)}")
    return value


def shipped_file(chip: str) -> str | None:
    """The file of a chip that ships, None for a chip of the reader's own. Raises: InputError for one without a mesh."""
    file = f"{chip}.toml"
    if not (FOLDER / file).is_file():
        return None
    if _table(file)["kind"] != KIND:
        raise InputError(f"chip is {chip!r}, which has no mesh of cores")
    return file


def differences_from_chip(table: Table, file: str, used_routers: int) -> list[str]:
    """What a mapping file has otherwise than the chip that it names; used_routers: those that its cores are on."""
    chip = _table(file)
    mesh, limits, costs = (_values(chip[name]) for name in ("mesh", "limits", "costs"))
    pairs = [(f"mesh.{key}", table["mesh"][key], mesh.get(name, 1)) for key, name in MESH.items()]
    pairs += [(f"limits.{key}", table["limits"][key], limits.get(key)) for key in LIMITS]
    pairs += [(f"charges.{key}", table["charges"][key], costs.get(key)) for key in CHARGES]
    pairs.append(("multicast", table["multicast"], costs["multicast"]))
    powered = mesh["width"] * mesh["height"] if costs["every_router"] else used_routers
    pairs.append(("inference.routers_powered", table["inference"]["routers_powered"], powered))
    faults = [_said(place, found, wanted, file) for place, found, wanted in pairs if found != wanted]
    known = (costs.get("dense_synapse_j"), costs.get("sparse_synapse_j"))
    for i, row in enumerate(table["populations"]):
        if row["synapse_j"] not in known:
            faults.append(_said(f"populations[{i}].synapse_j", row["synapse_j"], known, file))
    return faults


def _said(place: str, found: Any, wanted: Any, file: str) -> str:
    named = " or ".join(dict.fromkeys(map(str, wanted))) if isinstance(wanted, tuple) else str(wanted)
    return f"{place} is {shortened(found)}, {file} has {named.replace('None', 'none')} (rename a chip of your own)"


def _table(file: str) -> Table:
    return read_toml(Path(str(FOLDER / file)))


def _values(section: Table) -> dict[str, Any]:
    return {key: entry["value"] for key, entry in section.items()}
