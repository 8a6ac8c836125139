"""What several tests need: real recordings if they are there, spoken-word stand-ins, and the command line."""

import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from circuits.errors import MissingPackageError
from circuits.transistor.cards import Cards, find_cards
from tests.tiny_recipes import RESERVOIR

ROOT = Path(__file__).parents[1]
SAMPLE_RATE = 8000
WORDS = {"low": 300.0, "middle": 900.0, "high": 2500.0}  # Hz

# Files in turns for two processes, before all others: one compiles the kernels of training, the other what runs
# circuits and meshes. Each then finds on disk what the other compiled, where both would have compiled all of it.
FIRST = (
    "test_stream_matches_batch", "test_reservoir_flow", "test_fused_matches_reference", "test_transient_inputs",
    "test_kernels_match_reference", "test_mesh_mapping", "test_network_through_time", "test_transient",
    "test_bad_tensors", "test_network_json", "test_training_for_a_chip", "test_mutants",
)  # fmt: skip

TINY_RECIPE = """
name = "tiny"
[features]
n_mels = 16
duration_s = 0.3
[network]
hidden = [12]
dropout = 0.0
[augment]
copies = 0
[training]
epochs = 3
batch_size = 16
"""


def pytest_configure(config: pytest.Config) -> None:
    """Many tests leave the fitted range of a device on purpose; those of the warning itself catch it."""
    gc.disable()  # until all is collected: what is imported and listed stays, and is not rubbish
    os.environ["SNN_FEATURES"] = "off"  # tests of the cache name a folder of their own
    config.addinivalue_line("filterwarnings", "ignore:gate bias .* leaves the fitted range:UserWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`FIRST` come first, all else stays in its order; see there."""
    rank = {name: index for index, name in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(FIRST)))


def pytest_collection_finish() -> None:
    """Half a million objects of libraries and tests need not be searched for rubbish again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder with the real recordings `fsdd` and `speech_commands_subset`; skips where it is absent."""
    folder = Path(os.environ.get("SNN_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "fsdd").is_dir():
        pytest.skip(f"no recordings in {folder}: set SNN_DATA to the folder that holds fsdd/")
    return folder


@pytest.fixture(scope="session")
def cards() -> Cards:
    """The model cards of the neuron from transistors; skips where they are not installed."""
    try:
        return find_cards()
    except MissingPackageError as error:
        pytest.skip(str(error))


def tone(frequency: float, rng: np.random.Generator, duration_s: float = 0.25) -> np.ndarray:
    """A noisy tone with a random onset: a word that any network can learn."""
    time = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    envelope = np.exp(-(((time - rng.uniform(0.08, 0.17)) / 0.05) ** 2))
    return (0.3 * envelope * np.sin(2 * np.pi * frequency * time) + 0.003 * rng.standard_normal(len(time))).astype("f4")


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three words, 24 clips each, only to be read."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("spoken") / "words"
    for word, frequency in WORDS.items():
        (folder / word).mkdir(parents=True)
        for k in range(24):
            soundfile.write(folder / word / f"{k:02}.wav", tone(frequency * rng.uniform(0.95, 1.05), rng), SAMPLE_RATE)
    return folder


@pytest.fixture
def words(tmp_path: Path, spoken: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(spoken, tmp_path / "words"))


@pytest.fixture
def few(words: Path) -> Path:
    """Three words, eight clips each."""
    for path in words.rglob("*.wav"):
        if path.stem >= "08":
            path.unlink()
    return words


@pytest.fixture(scope="session")
def tiny() -> str:
    """The text of a recipe that trains in a second."""
    return TINY_RECIPE


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe that trains in a second."""
    path = tmp_path / "tiny.toml"
    path.write_text(TINY_RECIPE)
    return path


@pytest.fixture
def chip_recipe(tmp_path: Path) -> Path:
    """A recipe of a reservoir that trains in a second."""
    path = tmp_path / "tiny-chip.toml"
    path.write_text(RESERVOIR)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, spoken: Path) -> Path:
    """The run of that recipe on the three words, trained once, only to be read."""
    from snn.experiments.train import train
    from snn.recipes.recipe import parse_recipe

    folder = tmp_path_factory.mktemp("finished") / "run"
    train(parse_recipe(TINY_RECIPE), spoken, folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, finished: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def snn(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run one command in this process: `snn("train", ...)` returns exit code, standard output and standard error."""
    from snn.cli.app import app
    from snn.cli.exit_code import exit_code

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = exit_code(app, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def snn_json(snn: Callable[..., tuple[int, str, str]]) -> Callable[..., dict]:
    """Run one command with --json; it must succeed and print one JSON object and nothing else."""

    def run(*arguments: object) -> dict:
        code, out, err = snn(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


@pytest.fixture(scope="session")
def container() -> list[str]:
    """What stands before a command to run it where processes are counted anew; skips where that is not permitted."""
    for flags in ("-pf", "-Urpf"):
        command = ["unshare", flags, "--mount-proc"]
        if shutil.which("unshare") and not subprocess.run([*command, "true"], capture_output=True).returncode:
            return command
    pytest.skip("this system does not let a process be counted apart")


@pytest.fixture
def denormals():
    """This thread keeps denormal numbers; `snn train` in a test before may have left them flushed."""
    flushing = np.float32(1.2e-38) * np.float32(0.25) == 0
    torch.set_flush_denormal(False)
    yield
    torch.set_flush_denormal(bool(flushing))
