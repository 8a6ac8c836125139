"""What a spotter is made of: encoder, neurons, layers, and the time step that they share."""

from circuits.errors import InputError
from circuits.units import Seconds
from snn.encoders.encoder import EncoderSettings
from snn.networks.chip_settings import ChipSettings
from snn.networks.circuit_settings import NeuronSettings
from snn.networks.layer import NetworkSettings
from snn.settings import section

MOST_STEPS = 10_000  # of a time constant, half of what the kernels differentiate, which leaves learning room


@section
class SpotterSettings:
    """What a spotter is made of."""

    name: str
    encoder: EncoderSettings = EncoderSettings()
    neuron: NeuronSettings = NeuronSettings()
    network: NetworkSettings = NetworkSettings()
    chip: ChipSettings = ChipSettings()

    def __post_init__(self):
        if self.neuron.bias == "silicon" and self.network.norm != "none":
            raise InputError('neuron.bias "silicon" takes the place of a normalisation; set network.norm to "none"')
        self.chip.require_spiking(self.network.recurrent, self.neuron.bias == "silicon")

    def step(self, hop: Seconds) -> Seconds:
        """One time step (s), of features `hop` (s) apart. Raises: InputError for a time constant of too many steps."""
        dt = self.encoder.step(hop)
        longest = {"neuron.tau_mem_s": max(self.neuron.tau_mem_s), "network.tau_readout_s": self.network.tau_readout_s}
        for key, tau in longest.items():
            if tau > MOST_STEPS * dt:
                raise InputError(
                    f"{key} = {tau:g} s must be at most {MOST_STEPS:,} time steps, {MOST_STEPS * dt:g} s: beyond, "
                    "single precision loses its gradient; lower it"
                )
        return dt
