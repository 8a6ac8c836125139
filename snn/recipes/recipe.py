"""A recipe: front end, encoder, neuron, network and training of one experiment, named and validated.

A recipe is a TOML file; the data set is separate, so every recipe runs on every data set. Unknown keys are errors.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from circuits.device.btbt import DEVICES
from circuits.errors import InputError
from circuits.neuron.bias import require_reach
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from snn.recipes.data_section import DataConfig
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.recipes.settings import Device, RecipeError, Section, Span, nearest, ordered, read_table, validated

MOST_STEPS = 10_000  # of a time constant, half of what the kernels differentiate, which leaves learning room


class FeatureConfig(Section):
    """Log-mel front end; `sample_rate` None takes the rate of the recordings.

    Multichannel signals set `front_end` to "signal" and `n_mels` to their number of channels: a band is then a
    channel, a frame its mean over a hop; only `duration_s`, `hop_s` and `normalise` matter beside.
    """

    front_end: Literal["log-mel", "signal"] = "log-mel"
    sample_rate: int | None = Field(None, ge=1000, le=192_000)
    duration_s: float = Field(1.0, gt=0, le=60)
    n_mels: int = Field(40, ge=1, le=512)
    window_s: float = Field(0.025, gt=0, le=1)
    hop_s: float = Field(0.010, gt=0, le=1)
    f_min_hz: float = Field(50.0, ge=0)
    f_max_hz: float | None = Field(None, gt=0)
    normalise: Literal["band", "clip", "running", "none"] = "clip"  # the last two need no future, so they stream


class EncoderConfig(Section):
    """Features to spikes. "lif" trains a gain and a bias per BTBT neuron; the others have no weights."""

    kind: Literal["lif", "delta", "latency", "rate"] = "lif"
    per_channel: int = Field(2, ge=1, le=64)  # lif: neurons per band
    threshold: float = Field(0.3, gt=0)  # delta: in standard deviations of the features
    steps_per_frame: int = Field(5, ge=1, le=100)  # latency, rate
    max_rate_hz: float = Field(100.0, gt=0)  # rate


class NeuronConfig(Section):
    """The neuron and the circuit behind it; time constants start log-uniform in their span and stay inside it."""

    model: Literal["lif", "adaptive_lif"] = "adaptive_lif"
    tau_mem_s: Span = (0.010, 0.060)
    tau_adapt_s: Span = (0.060, 0.300)
    spike_grad: Literal["boxcar", "atan", "fast_sigmoid", "triangle"] = "boxcar"
    device: Device = DEVICES["32nm-pdsoi-nsd3e19"]  # the low-current device: speech is slow
    width_m: float = Field(0.45e-6, gt=0)
    c_mem_f: float = Field(0.5e-15, gt=0)
    v_threshold_v: float = Field(0.4, gt=0, lt=0.9)  # below the supply
    bias: Literal["free", "silicon"] = "free"  # "silicon" trains the gate bias and width of each neuron's bias device
    acceleration: float = Field(1000.0, gt=0)  # silicon: chip speed over real time, which decides on its currents
    v_sink_v: float = Field(-0.4, ge=-0.9, le=0)  # ASSUMED: sources one swing above ground, so that inhibition has room

    @model_validator(mode="after")
    def _spans(self):
        ordered("tau_mem_s", self.tau_mem_s)
        ordered("tau_adapt_s", self.tau_adapt_s)
        if self.bias == "silicon":
            require_reach(self.circuit(), self.tau_mem_s, self.acceleration)
        return self

    def circuit(self) -> LIFCircuit:
        """The circuit of a typical neuron: tau_mem at the middle (geometric) of its span."""
        bare = LIFCircuit(
            device=self.device,
            width=self.width_m,
            c_mem=self.c_mem_f,
            v_threshold=self.v_threshold_v,
            v_sink=self.v_sink_v,
        )
        return circuit_for_tau((self.tau_mem_s[0] * self.tau_mem_s[1]) ** 0.5, bare)


class NetworkConfig(Section):
    """Layers of spiking neurons and a leaky-integrator readout."""

    hidden: tuple[int, ...] = (128, 128)
    recurrent: bool = False
    norm: Literal["batch", "none"] = "batch"  # "none", with dropout 0, trains through the fused kernels
    dropout: float = Field(0.1, ge=0, lt=1)
    tau_readout_s: float = Field(0.050, gt=0)

    @model_validator(mode="after")
    def _sizes(self):
        if not self.hidden or any(not 1 <= n <= 65_536 for n in self.hidden):
            raise InputError(f"hidden must name 1 to 65536 neurons per layer, got {list(self.hidden)}")
        return self


class AugmentConfig(Section):
    """Altered copies of the training clips: speed, shift, room and noise on the waveform; masks on the features."""

    copies: int = Field(3, ge=0, le=100)
    speed: Span = (0.85, 1.15)
    shift_s: float = Field(0.05, ge=0, le=10)
    snr_db: Span = (10.0, 40.0)
    reverb_probability: float = Field(0.0, ge=0, le=1)
    band_mask: int = Field(8, ge=0)
    frame_mask: int = Field(10, ge=0)

    @model_validator(mode="after")
    def _spans(self):
        ordered("speed", self.speed)
        ordered("snr_db", self.snr_db, float("-inf"))
        return self


class TrainingConfig(Section):
    """Optimisation; the weights kept are those of the best validation epoch."""

    epochs: int = Field(40, ge=1, le=100_000)
    batch_size: int = Field(64, ge=1, le=65_536)
    learning_rate: float = Field(0.01, gt=0, le=1e30)  # their product must stay a single-precision number
    weight_decay: float = Field(1e-4, ge=0, le=1e6)
    gradient_norm: float = Field(5.0, gt=0)
    patience: int = Field(20, ge=1)  # epochs without a better validation accuracy before stopping early
    seed: int = Field(0, ge=0, lt=2**31)
    backend: Literal["auto", "reference", "cpu", "gpu"] = "auto"  # of the time loop: the numbers are the same


class Recipe(Section):
    """One experiment."""

    name: str
    title: str = ""
    data: DataConfig = DataConfig()
    features: FeatureConfig = FeatureConfig()
    encoder: EncoderConfig = EncoderConfig()
    neuron: NeuronConfig = NeuronConfig()
    network: NetworkConfig = NetworkConfig()
    augment: AugmentConfig = AugmentConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _rate(self):
        if self.encoder.kind == "latency" and self.encoder.steps_per_frame < 2:
            raise InputError("encoder.steps_per_frame must be at least 2 for a latency to mean anything")
        if self.encoder.kind == "rate" and self.encoder.max_rate_hz * self.dt > 1:
            raise InputError(f"encoder.max_rate_hz must be at most one spike per step, {1 / self.dt:g} Hz")
        longest = {
            "neuron.tau_mem_s": max(self.neuron.tau_mem_s),
            "network.tau_readout_s": self.network.tau_readout_s,
        }
        for key, tau in longest.items():
            if tau > MOST_STEPS * self.dt:
                raise InputError(
                    f"{key} = {tau:g} s must be at most {MOST_STEPS:,} time steps, {MOST_STEPS * self.dt:g} s: beyond, "
                    "single precision loses its gradient; lower it"
                )
        return self

    @model_validator(mode="after")
    def _bias(self):
        if self.neuron.bias == "silicon" and self.network.norm != "none":
            raise InputError('neuron.bias "silicon" takes the place of a normalisation; set network.norm to "none"')
        return self

    @property
    def dt(self) -> float:
        """One time step of the network (s): a frame, divided among the encoder's steps."""
        return self.features.hop_s / (self.encoder.steps_per_frame if self.encoder.kind in ("latency", "rate") else 1)


def recipe_names() -> tuple[str, ...]:
    """The recipes that ship with the package."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


def load_recipe(name: str, settings: Iterable[str] = ()) -> Recipe | ReservoirRecipe:
    """The recipe of that name, or of a TOML file, with `key=value` settings applied.

    A key is `section.key`, or the key alone where only one section has it. A recipe with a section that only
    reservoirs have, such as `[reservoir]` or `[ear]`, is a `ReservoirRecipe`, any other a `Recipe`.
    Raises: RecipeError for an unknown recipe, key or value.
    """
    if name.endswith(".toml"):
        text = _read(Path(name))
    elif name in recipe_names():
        text = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    else:
        known = ", ".join(recipe_names())
        raise RecipeError(f"unknown recipe {name!r}{nearest(name, recipe_names())}; known: {known}")
    return parse_recipe(text, settings, place=name)


def parse_recipe(text: str, settings: Iterable[str] = (), place: str = "recipe") -> Recipe | ReservoirRecipe:
    """A recipe from TOML text with `key=value` settings. Raises: RecipeError, one line."""
    table = read_table(text, place)
    own = ReservoirRecipe.model_fields.keys() - Recipe.model_fields.keys()  # sections that no spotter has
    return validated(table, settings, ReservoirRecipe if own & table.keys() else Recipe, place)


def _read(path: Path) -> str:
    if not path.is_file():
        raise RecipeError(f"no recipe file {path}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error


def _folder() -> Any:
    return files("snn") / "recipes"
