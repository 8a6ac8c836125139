"""What a mapping file says of its chip, compared with the chip's own file: limits, mesh and what is charged.

For `circuits.mapping.checker` alone; it reads the table of the chip itself, and nothing of what made the mapping.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.tables import Table, read_toml, shortened, unsourced

FOLDER = files("circuits") / "chips"
NAME = re.compile(r"\w[\w .+-]{0,79}")
KIND = "spiking-mesh"
LIMITS = ("neurons", "synapses", "axons_in", "axons_out")
MESH = {"width": "width", "height": "height", "cores_per_router": "cores"}  # by what the chip calls it
SYNAPSES = ("dense_synapse_j", "sparse_synapse_j")
CHARGES = (*SYNAPSES, "access_j", "update_j", "spike_j", "message_j", "link_east_west_j", "link_north_south_j",
           "core_w", "router_w")  # fmt: skip


def chip_name(value: Any) -> str:
    """The name of a chip. Raises: InputError for what is none."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise InputError(f"chip must be a name of letters, digits and . + - _, got {shortened(value)}")
    return value


@dataclass(frozen=True)
class CheckedChip:
    """The chip that a mapping is of, and what its file says."""

    name: str
    file: str
    mesh: Table
    limits: Table
    costs: Table


def chip_of(value: Any, given: str | Path | None = None) -> CheckedChip:
    """The chip that a mapping file names, from the file that is given, else from the one that ships.

    Raises: InputError for no name, a chip that neither ships nor is given, another than that given, or one without a
    mesh.
    """
    name = chip_name(value)
    path = Path(str(FOLDER / f"{name if given is None else given}.toml"))
    if given is not None and Path(given).suffix == ".toml":
        path = Path(given)
    elif not path.is_file():
        known = ", ".join(sorted(file.stem for file in Path(str(FOLDER)).glob("*.toml") if _kind(file) == KIND))
        raise InputError(
            f"chip is {name if given is None else str(given)!r}, which is none that ships ({known}): nothing can be "
            "compared with it; give its file too, --check FILE --chip FILE.toml"
        )
    values, _ = unsourced(read_toml(path), path.name)
    if values.get("kind") != KIND:
        raise InputError(
            f"chip is {values.get('name')!r}, which has no mesh of cores; give the chip that was mapped to"
        )
    if values.get("name") != name:
        raise InputError(
            f"chip is {name!r}, {path.name} is of {shortened(values.get('name'))}; give the file of the chip that was "
            "mapped to"
        )
    sections = [values.get(key, {}) for key in ("mesh", "limits", "costs")]
    if not all(isinstance(section, dict) for section in sections):
        raise InputError(f"{path.name}: mesh, limits and costs must be tables")
    return CheckedChip(name, path.name, *sections)


def differences_from_chip(table: Table, chip: CheckedChip, used_routers: int) -> list[str]:
    """What a mapping file has otherwise than the chip that it names; used_routers: those that its cores are on."""
    mesh, costs = chip.mesh, chip.costs
    pairs = [(f"mesh.{key}", table["mesh"][key], mesh.get(name, 1)) for key, name in MESH.items()]
    pairs += [(f"limits.{key}", table["limits"][key], chip.limits.get(key)) for key in LIMITS]
    pairs += [(f"charges.{key}", table["charges"][key], costs.get(key)) for key in CHARGES]
    pairs.append(("multicast", table["multicast"], costs.get("multicast")))
    powered = table["mesh"]["width"] * table["mesh"]["height"] if costs.get("every_router") else used_routers
    pairs.append(("inference.routers_powered", table["inference"]["routers_powered"], powered))
    for i, row in enumerate(table["populations"]):  # where nothing arrives nothing is charged
        arrives = table["by_population"][row["name"]]["synaptic_operations"] > 0
        known = tuple(costs.get(key) for key in SYNAPSES) if arrives else (None,)
        pairs.append((f"populations[{i}].synapse_j", row["synapse_j"], known))
    return [_said(place, found, wanted, chip.file) for place, found, wanted in pairs if not _is(found, wanted)]


def _is(found: Any, wanted: Any) -> bool:
    return found in wanted if isinstance(wanted, tuple) else found == wanted


def _kind(file: Path) -> Any:
    return read_toml(file).get("kind")


def _said(place: str, found: Any, wanted: Any, file: str) -> str:
    named = " or ".join(dict.fromkeys(map(str, wanted))) if isinstance(wanted, tuple) else str(wanted)
    told = named.replace("None", "none")
    return f"{place} is {shortened(found)}, {file} has {told} (of a chip of your own: --chip FILE.toml)"
