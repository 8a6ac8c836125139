"""Speech and learning side of TunnelSpike, in PyTorch. Names are loaded when first used, so `import snn` is quick.

Contents, by question:
  what is heard?          `open_corpus`, `prepare`, `load_examples`, `LogMel`, `log_mel`, `Ear`, `envelopes`,
                          `loudness`, `read_signal`
  what becomes spikes?    `LIFEncoder`, `DeltaEncoder`, `LatencyEncoder`, `RateEncoder`, `delta_encode`,
                          `latency_encode`, `rate_encode`
  what is a network of?   `LIF`, `AdaptiveLIF`, `LeakyReadout`, `BatchNorm`, `SpikingLayer`, `SiliconLayer`,
                          `Surrogate`, `Stack`, `log_scores`
  what learns?            `Spotter`, `fit`, `load_recipe`, `SpotterRecipe`, `ReservoirRecipe`
  what is the chip?       `Reservoir`, `build_reservoir`, `draw_wiring`, `CalciumRule`, `learn_online`, `fit_ridge`
  what listens live?      `AudioStream`, `SpotterStream`, `NetworkStream`
  how good is it?         `evaluate`, `detection_rates`, `train`, `evaluate_run`, `load_run`, `load_activity`
  what leaves for silicon? `Spotter.network`, `Spotter.chip`, or of a `Stack`; `stack_network`, `network_spec`,
                          `silicon_spec`, `bias_devices`
  what checks it?         `brian2_neuron`, `brian2_network`, `spike_times`, `run_brian2`
"""

import os
import sys
from importlib import import_module

_HOME = {
    "open_corpus": "snn.data.corpora.open_corpus",
    "prepare": "snn.data.sets.download",
    "load_examples": "snn.audio.examples",
    "read_signal": "snn.data.signals.signal_file",
    "Ear": "snn.audio.cochlea",
    "envelopes": "snn.audio.cochlea",
    "loudness": "snn.audio.loudness",
    "LogMel": "snn.audio.features",
    "log_mel": "snn.audio.features",
    "delta_encode": "snn.encoders.events",
    "latency_encode": "snn.encoders.events",
    "rate_encode": "snn.encoders.events",
    "LIFEncoder": "snn.encoders.encoder",
    "DeltaEncoder": "snn.encoders.encoder",
    "LatencyEncoder": "snn.encoders.encoder",
    "RateEncoder": "snn.encoders.encoder",
    "LIF": "snn.networks.spiking_neurons",
    "AdaptiveLIF": "snn.networks.spiking_neurons",
    "LeakyReadout": "snn.networks.leaky_readout",
    "BatchNorm": "snn.networks.batch_norm",
    "Surrogate": "snn.neurons.surrogate",
    "Stack": "snn.networks.stack",
    "stack_network": "snn.networks.stack_reader",
    "network_spec": "snn.networks.layer_spec",
    "log_scores": "snn.networks.answers",
    "Spotter": "snn.networks.spotter",
    "SpikingLayer": "snn.networks.layer",
    "SiliconLayer": "snn.networks.silicon_layer",
    "fit": "snn.training.gradient",
    "SpotterRecipe": "snn.recipes.spotter_recipe",
    "load_recipe": "snn.recipes.recipe",
    "ReservoirRecipe": "snn.recipes.reservoir_recipe",
    "Reservoir": "snn.networks.reservoir",
    "build_reservoir": "snn.networks.reservoir",
    "draw_wiring": "snn.networks.reservoir",
    "CalciumRule": "snn.plasticity.calcium",
    "learn_online": "snn.plasticity.online_rule",
    "fit_ridge": "snn.plasticity.least_squares",
    "detection_rates": "snn.experiments.detection",
    "evaluate": "snn.experiments.evaluate",
    "train": "snn.experiments.train",
    "evaluate_run": "snn.experiments.evaluate",
    "load_run": "snn.experiments.run_folder",
    "load_activity": "snn.experiments.run_folder",
    "AudioStream": "snn.live.stream",
    "SpotterStream": "snn.live.stream",
    "NetworkStream": "snn.live.stream",
    "silicon_spec": "snn.networks.layer_spec",
    "bias_devices": "snn.networks.layer_spec",
    "brian2_neuron": "snn.reference",
    "brian2_network": "snn.reference",
    "spike_times": "snn.reference",
    "run_brian2": "snn.reference",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Load a name of the table of contents from its home (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'snn' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def _one_thread() -> None:
    """A forked process has none of the OpenMP threads that torch counts on, and would wait for them without end."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_thread)
