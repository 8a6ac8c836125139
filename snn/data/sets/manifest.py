"""The manifest of a data set: what it is, who may use it, where it comes from and how its bytes are proven."""

import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path, PurePosixPath, PureWindowsPath

from circuits.errors import InputError
from circuits.storage import reading
from circuits.tables import did_you_mean, read_toml
from snn.data.recordings.audio_file import SAMPLE_RATE_RANGE

LAYOUTS = ("fsdd", "speech-commands", "embedded")
ARCHIVES = ("zip", "tar.gz", "synthesis")
MOST = 10**15  # of bytes, files, clips or speakers; a petabyte is no data set of recordings (ASSUMED)
TOML_TYPES = {str: str, int: int, tuple[str, ...]: list}
# Of an installed wheel, and of the repository.
FOLDERS = (Path(__file__).parents[1] / "manifests", Path(__file__).parents[3] / "datasets")


@dataclass(frozen=True)
class Manifest:
    """One data set.

    `archive`: kind of the file at `url`, or "synthesis" for a corpus that is made here.  `sha256`: of the archive, ""
    where the archive is not byte-stable.  `tree_sha256`: of the unpacked recordings (`download.tree_sha256`), "" if the
    archive's own hash proves them.  `keep`: the folder inside the archive that is the data set, "" for all of it.
    `folders`: other names under which an unpacked copy is looked for.
    `max_bytes`, `max_files`: limits on what unpacking may write.
    """

    name: str
    title: str
    licence: str
    citation: str
    homepage: str
    layout: str
    split: str
    labels: tuple[str, ...]
    n_clips: int
    n_speakers: int
    sample_rate_hz: int
    archive: str
    url: str = ""
    archive_bytes: int = 0
    sha256: str = ""
    tree_sha256: str = ""
    keep: str = ""
    folders: tuple[str, ...] = ()
    max_bytes: int = 0
    max_files: int = 0

    def __post_init__(self) -> None:
        named = bool(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", self.name))
        self._check(named, "name", "lower-case letters, digits, dots and dashes")
        self._check(self.layout in LAYOUTS, "layout", f"one of {', '.join(LAYOUTS)}")
        self._check(self.archive in ARCHIVES, "archive", f"one of {', '.join(ARCHIVES)}")
        words = len(set(self.labels)) == len(self.labels) >= 2 and all(label.strip() for label in self.labels)
        self._check(words, "labels", "two or more different words")
        for key in ("n_clips", "n_speakers", "archive_bytes", "max_bytes", "max_files"):
            self._check(0 <= getattr(self, key) <= MOST, key, f"0 to {MOST:,}")
        lowest, highest = SAMPLE_RATE_RANGE
        self._check(lowest <= self.sample_rate_hz <= highest, "sample_rate_hz", f"{lowest} to {highest}")
        self._check(all(name and _is_below(name) for name in self.folders), "folders", "names of folders")
        self._check_archive()

    def _check_archive(self) -> None:
        """What says where the archive is, how it is proven and what of it is wanted."""
        for key in ("sha256", "tree_sha256"):
            self._check(bool(re.fullmatch("([0-9a-f]{64})?", getattr(self, key))), key, "64 hexadecimal digits")
        self._check(_is_below(self.keep), "keep", "a folder inside the archive")
        if self.archive != "synthesis" or self.url:
            self._check(self.url.startswith(("https://", "http://")), "url", "an http or https address")
        if self.archive != "synthesis":
            self._check(bool(self.sha256 or self.tree_sha256), "sha256", "a hash here or in tree_sha256")
            self._check(self.max_bytes > 0, "max_bytes", "the limit on unpacked bytes")
            self._check(self.max_files > 0, "max_files", "the limit on unpacked files")

    def _check(self, valid: bool, key: str, want: str) -> None:
        if not valid:
            raise InputError(f"manifest {self.name!r}: {key} is {getattr(self, key)!r}; want {want}")

    @property
    def archive_name(self) -> str:
        """File name under which the archive is kept while it is fetched."""
        return f"{self.name}.{self.archive}"


def _is_below(folder: str) -> bool:
    """Whether it names a folder below another one, wherever that lies, on any system."""
    paths = PurePosixPath(folder), PureWindowsPath(folder)
    return not any(path.anchor or ".." in path.parts for path in paths) and folder.isprintable()


def load_manifests() -> dict[str, Manifest]:
    """Load every manifest of the installed package, or of the repository, by data-set name.

    Raises:  InputError if a manifest is not TOML, lacks a key, or has an unknown one.
    """
    packaged = sorted(FOLDERS[0].glob("*.toml"))
    manifests = [read_manifest(path) for path in packaged or sorted(FOLDERS[1].glob("*/manifest.toml"))]
    return {manifest.name: manifest for manifest in manifests}


def read_manifest(path: str | Path) -> Manifest:
    """Read one manifest.  Raises:  InputError naming the file and the key."""
    table = read_toml(Path(path))
    known = {f.name: f for f in fields(Manifest)}
    for key, value in table.items():
        if key not in known:
            raise InputError(f"unknown key {key!r} in {path}{did_you_mean(key, known, 0.0)}")
        if type(value) is not (want := TOML_TYPES[known[key].type]):
            raise InputError(f"{path}: {key} is {value!r}; want a {want.__name__}")
        if want is list and (other := next((item for item in value if not isinstance(item, str)), None)) is not None:
            raise InputError(f"{path}: {key} holds {other!r}; want texts")
    missing = [name for name, f in known.items() if f.default is MISSING and name not in table]
    if missing:
        raise InputError(f"{path}: key {missing[0]!r} is missing; add it")
    with reading(path):
        return Manifest(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})


def find_manifest(name: str) -> Manifest:
    """Return the manifest of a data set.  Raises:  InputError naming the nearest name and all known ones."""
    manifests = load_manifests()
    if name not in manifests:
        hint = did_you_mean(name, manifests, 0.0)
        raise InputError(f"no data set {name!r}{hint}; known: {', '.join(manifests)}; list them with: snn data list")
    return manifests[name]
