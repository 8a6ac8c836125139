"""What the jobs read: recordings, recipes, an archive of a data set, and where finished runs lie."""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import soundfile

from tests.tiny_recipes import RESERVOIR

RATE = 8000  # Hz
WORDS = {"low": 300.0, "middle": 900.0, "high": 2500.0}  # Hz
CLIPS = 12  # of a word
SET = "tiny"  # the data set in the archive
SPOTTER = """
name = "tiny"
[features]
n_mels = 4
duration_s = 0.3
[network]
hidden = [4]
dropout = 0.0
[augment]
copies = 0
[training]
epochs = 3
batch_size = 16
"""
RECIPES = {"spotter": SPOTTER, "reservoir": RESERVOIR}
IMPORTED = (  # what a job imports, what libraries import late included, so that each fork begins at once
    "librosa.filters", "snn.cli.app", "circuits.netlist.handover", "snn.data.synthesis.embedded",
    "snn.experiments.evaluate", "snn.experiments.train", "snn.report.console", "snn.report.silicon_figures",
    "snn.training.reservoir_fit",
)  # fmt: skip
OF_GRADIENTS = "torch._dynamo"  # every optimiser of PyTorch asks for it, and it takes seconds


@dataclass(frozen=True)
class Stock:
    """A folder of all that, and the address under which a server sends its files."""

    folder: Path
    url: str

    @property
    def words(self) -> Path:
        return self.folder / "words"

    @property
    def archive(self) -> Path:
        return self.folder / f"{SET}.tar.gz"

    def recipe(self, kind: str) -> Path:
        return self.folder / f"{kind}.toml"

    def run(self, seed: int) -> Path:
        return self.folder / f"run{seed}"


def make_stock(folder: Path, url: str) -> Stock:
    """Write it, but for the runs."""
    stock, rng = Stock(folder, url), np.random.default_rng(0)
    for word, frequency in WORDS.items():
        (stock.words / word).mkdir(parents=True)
        for k in range(CLIPS):
            soundfile.write(stock.words / word / f"{k:02}.wav", _tone(frequency * rng.uniform(0.95, 1.05), rng), RATE)
    for kind, text in RECIPES.items():
        stock.recipe(kind).write_text(text, encoding="utf-8")
    with tarfile.open(stock.archive, "w:gz") as tar:
        for name in (f"{digit}_ann_{take}.wav" for digit in range(2) for take in range(8)):
            soundfile.write(wav := io.BytesIO(), rng.uniform(-0.1, 0.1, 2000), RATE, format="WAV")
            info = tarfile.TarInfo(f"top/recordings/{name}")
            info.size = len(wav.getvalue())
            tar.addfile(info, io.BytesIO(wav.getvalue()))
    return stock


def _tone(frequency: float, rng: np.random.Generator) -> np.ndarray:
    """A noisy tone with a random onset, a quarter of a second long."""
    time = np.arange(RATE // 4) / RATE
    envelope = np.exp(-(((time - rng.uniform(0.08, 0.17)) / 0.05) ** 2))
    return 0.3 * envelope * np.sin(2 * np.pi * frequency * time) + 0.003 * rng.standard_normal(len(time))


def stand_in(stock: Stock) -> None:
    """Let `snn data prepare` know the archive of the stock, and make an embedded corpus of twenty clips."""
    from snn.data.sets import download
    from snn.data.sets.manifest import Manifest, find_manifest
    from snn.data.synthesis import embedded

    data, url = stock.archive.read_bytes(), f"{stock.url}/{stock.archive.name}"
    manifest = Manifest(
        name=SET, title="", licence="", citation="", homepage="", layout="fsdd", split="", labels=("zero", "one"),
        n_clips=16, n_speakers=1, sample_rate_hz=RATE, archive="tar.gz", url=url, archive_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(), keep="top", max_bytes=200_000, max_files=40,
    )  # fmt: skip
    download.find_manifest = lambda name: manifest if name == SET else find_manifest(name)
    embedded.build_corpus = partial(embedded.build_corpus, words=("yes", "no"), n_clips=20, sample_rate=RATE)


def import_all(gradients: bool) -> None:
    """Import what the jobs need; what only training by `gradients` needs if that is asked for."""
    for module in (*IMPORTED, OF_GRADIENTS) if gradients else IMPORTED:
        import_module(module)
    import_module("numba").njit(lambda x: x)(1)  # whose first use reads long tables
