"""The circuit of a network's neurons, as a recipe has it: the chip that a network is trained for."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf

from circuits.device.btbt import DEVICES, BTBTDevice
from circuits.device.device_file import DeviceTable, device_of_table, load_device, table_of_device
from circuits.neuron.bias import require_reach
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.units import Seconds
from snn.neurons.surrogate import SURROGATES
from snn.settings import Span, ordered, section, stored


def middle(span: Span) -> float:
    """The geometric mean of both ends."""
    return (span[0] * span[1]) ** 0.5


def _device(value: Any) -> Any:
    """A device from its name, its file or its table."""
    if isinstance(value, str):
        return load_device(value)
    return device_of_table(value) if isinstance(value, dict) else value


def _stored(device: BTBTDevice) -> str | DeviceTable:
    """A device as a recipe stores it: its name if that says it all, else its numbers, so that a run needs no file."""
    return device.name if DEVICES.get(device.name) == device else table_of_device(device)


Device = Annotated[InstanceOf[BTBTDevice], BeforeValidator(_device)]


@section
class CircuitSettings:
    """The circuit of every neuron, before it is brought to a speed; `chip` is the one that it is a circuit of."""

    chip: str = "btbt-45rfsoi"
    device: Device = stored(DEVICES["32nm-pdsoi"], _stored)
    width_m: float = Field(LIFCircuit.width, gt=0)
    c_mem_f: float = Field(LIFCircuit.c_mem, gt=0)
    v_threshold_v: float = Field(LIFCircuit.v_threshold, gt=0, lt=LIFCircuit.v_dd)  # of an inverter, below its supply
    # ASSUMED: sources one swing above ground, so that inhibition has room; no higher than the supply
    v_sink_v: float = Field(-LIFCircuit.v_threshold, ge=-LIFCircuit.v_dd, le=0)
    acceleration: float = Field(1000.0, gt=0)  # chip speed over real time; the neurons of the chip fire at 100 kHz

    def bare(self, t_refractory: Seconds = LIFCircuit.t_refractory) -> LIFCircuit:
        """The circuit with the leak of the published neuron."""
        return LIFCircuit(
            device=self.device,
            width=self.width_m,
            c_mem=self.c_mem_f,
            v_threshold=self.v_threshold_v,
            v_sink=self.v_sink_v,
            t_refractory=t_refractory,
        )


@section
class NeuronSettings(CircuitSettings):
    """The neuron of a spotter and the circuit behind it; time constants start log-uniform in their span and stay there.

    With a "silicon" bias each neuron trains gate bias and width of its bias device, whose currents follow from the
    acceleration.
    """

    device: Device = stored(DEVICES["32nm-pdsoi-nsd3e19"], _stored)  # the low-current device: speech is slow
    model: Literal["lif", "adaptive_lif"] = "adaptive_lif"
    tau_mem_s: Span = (0.010, 0.060)
    tau_adapt_s: Span = (0.060, 0.300)
    spike_grad: Literal[tuple(SURROGATES)] = "boxcar"
    bias: Literal["free", "silicon"] = "free"

    def __post_init__(self):
        ordered("tau_mem_s", self.tau_mem_s)
        ordered("tau_adapt_s", self.tau_adapt_s)
        if self.bias == "silicon":
            require_reach(self.circuit(), self.tau_mem_s, self.acceleration)

    def circuit(self) -> LIFCircuit:
        """The circuit of a typical neuron: tau_mem at the middle (geometric) of its span."""
        return circuit_for_tau(middle(self.tau_mem_s), self.bare())
