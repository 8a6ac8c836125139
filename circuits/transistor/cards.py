"""Model cards of the transistors: those of an installed package, or of a folder of the user's.

The cards of FreePDK45 (a predictive 45 nm process, not a foundry's) come with the package `c4m-pdk-freepdk45`: its
`freepdk45*.spi` are Apache-2.0. The Python code of that package and of what it depends on is GPL; none of it is
imported here, only the place of its files is asked for.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from circuits.errors import InputError, MissingInputError, MissingPackageError, WorkError
from circuits.netlist.ngspice import find_ngspice, run_ngspice
from circuits.storage import read_regular, scratch_folder, write_text

PACKAGE = "c4m-pdk-freepdk45"
FILES = {"TT": "freepdk45_nom.spi", "FF": "freepdk45_ff.spi", "SS": "freepdk45_ss.spi"}
MOST_BYTES = 1 << 22  # ASSUMED: a card takes 5 kB
_MODEL = re.compile(r"^\s*\.model\s+(\S+)\s+[np]mos\b", re.IGNORECASE | re.MULTILINE)
_PROBE = """* does this ngspice know B4SOI?
.model soi nmos level=10
md d 0 0 0 0 soi w=1u l=1u
vd d 0 0.1
.tran 1n 2n
.meas tran seen max v(d)
.end
"""


@dataclass(frozen=True)
class Cards:
    """A folder with one file of BSIM4 cards for each process corner."""

    folder: Path
    name: str

    def file(self, process: str) -> Path:
        """The file of a process corner. Raises: InputError for a corner that has none."""
        if process not in FILES:
            raise InputError(f"no cards of process {process!r}; there are {', '.join(FILES)}")
        return self.folder / FILES[process]

    def require_models(self, *names: str) -> None:
        """Raises: InputError naming a transistor that a file has no card of; MissingInputError for a missing file."""
        for process in FILES:
            known = _models(self.file(process))
            if lost := [name for name in names if name.lower() not in known]:
                raise InputError(f"{self.file(process)} has no card {lost[0]!r}; it has {', '.join(sorted(known))}")


def _models(path: Path) -> frozenset[str]:
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError as error:
        there = ", ".join(FILES.values())
        raise MissingInputError(f"no model cards at {path}; a folder of cards holds {there}") from error
    return frozenset(name.lower() for name in _MODEL.findall(text))


def find_cards(folder: str | Path | None = None) -> Cards:
    """The cards in a folder; None: those of the installed package.

    Raises: MissingPackageError where neither is there, saying what to install; MissingInputError for a missing file.
    """
    if folder is None:
        try:
            found = distribution(PACKAGE)
        except PackageNotFoundError as error:
            raise MissingPackageError(
                f'no model cards of transistors: pip install "tunnelspike[pdk]" (the package {PACKAGE}), or name a '
                f"folder that holds {', '.join(FILES.values())}"
            ) from error
        cards = Cards(Path(str(found.locate_file("c4m/pdk/freepdk45"))), f"{PACKAGE} {found.version}")
    else:
        cards = Cards(Path(folder).absolute(), str(folder))
    cards.require_models()
    return cards


def require_b4soi() -> None:
    """Raises: InputError where the simulator has no B4SOI, the model of the tunnelling device; MissingInputError."""
    if (program := find_ngspice()) and not _knows_b4soi(program):
        raise InputError(
            f"{program} has no B4SOI model (level 10), of which the tunnelling device is made; install ngspice 34 or "
            "newer, built with its SOI models"
        )


@cache
def _knows_b4soi(program: str) -> bool:
    with scratch_folder() as place:
        write_text(place / "probe.cir", _PROBE)
        try:
            return "seen" in run_ngspice(place / "probe.cir")
        except WorkError:
            return False
