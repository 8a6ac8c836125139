# Contents of snn by question. `__init__.py` loads them from here when they are first used; editors read it too.

# what is heard?
from .audio.cochlea import Ear as Ear
from .audio.cochlea import envelopes as envelopes
from .audio.examples import load_examples as load_examples
from .audio.features import LogMel as LogMel
from .audio.features import log_mel as log_mel
from .audio.loudness import loudness as loudness
from .data.corpora.open_corpus import open_corpus as open_corpus
from .data.sets.download import prepare as prepare
from .data.signals.signal_file import read_signal as read_signal

# what becomes spikes?
from .encoders.encoder import DeltaEncoder as DeltaEncoder
from .encoders.encoder import LatencyEncoder as LatencyEncoder
from .encoders.encoder import LIFEncoder as LIFEncoder
from .encoders.encoder import RateEncoder as RateEncoder
from .encoders.events import delta_encode as delta_encode
from .encoders.events import latency_encode as latency_encode
from .encoders.events import rate_encode as rate_encode

# what is a network of?
from .networks.answers import log_scores as log_scores
from .networks.batch_norm import BatchNorm as BatchNorm
from .networks.layer import SpikingLayer as SpikingLayer
from .networks.leaky_readout import LeakyReadout as LeakyReadout
from .networks.silicon_layer import SiliconLayer as SiliconLayer
from .networks.spiking_neurons import LIF as LIF
from .networks.spiking_neurons import AdaptiveLIF as AdaptiveLIF
from .neurons.surrogate import Surrogate as Surrogate

# what learns?
from .networks.conventional_network import Conventional as Conventional
from .networks.spotter import Spotter as Spotter
from .networks.stack import Stack as Stack
from .recipes.conventional_recipe import ConventionalRecipe as ConventionalRecipe
from .recipes.recipe import load_recipe as load_recipe
from .recipes.reservoir_recipe import ReservoirRecipe as ReservoirRecipe
from .recipes.spotter_recipe import SpotterRecipe as SpotterRecipe
from .training.gradient import fit as fit

# what is the chip?
from .networks.reservoir import Reservoir as Reservoir
from .networks.reservoir import build_reservoir as build_reservoir
from .networks.reservoir import draw_wiring as draw_wiring
from .plasticity.calcium import CalciumRule as CalciumRule
from .plasticity.least_squares import fit_ridge as fit_ridge
from .plasticity.online_rule import learn_online as learn_online

# what listens live?
from .live.stream import AudioStream as AudioStream
from .live.stream import NetworkStream as NetworkStream
from .live.stream import SpotterStream as SpotterStream

# how good is it?
from .experiments.detection import detection_rates as detection_rates
from .experiments.evaluate import evaluate as evaluate
from .experiments.evaluate import evaluate_run as evaluate_run
from .experiments.run_folder import load_activity as load_activity
from .experiments.run_folder import load_run as load_run
from .experiments.train import train as train

# what leaves for silicon? (network and chip of a Spotter or Stack; of layers of one's own:)
from .networks.layer_spec import bias_devices as bias_devices
from .networks.layer_spec import network_spec as network_spec
from .networks.layer_spec import silicon_spec as silicon_spec
from .networks.stack_reader import stack_network as stack_network

# what comes from elsewhere?
from .interop.exported import network_of as network_of

# what checks it?
from .reference import brian2_network as brian2_network
from .reference import brian2_neuron as brian2_neuron
from .reference import run_brian2 as run_brian2
from .reference import spike_times as spike_times
