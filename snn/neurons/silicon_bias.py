"""Trainable silicon: gate bias and width of the transistor that biases each neuron, as parameters of the training.

    drive = btbt_current(V_DS - V_GS, device, width) tau_mem / (acceleration q)
    V_GS = V_0 + (V_1 - V_0) sigmoid(x),   ln width = ln W_0 + ln(W_1 / W_0) sigmoid(y)

x and y are free, so every step of an optimiser stays where the device was fitted and can be drawn. The gradient goes
through the device equation of `circuits.device.btbt` itself.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.device.btbt import bias_for_current, btbt_current
from circuits.neuron.bias import WIDTHS, bias_drive, current_for_drive, gate_range, require_reach
from circuits.neuron.circuit import LIFCircuit

_LOG_WIDTHS = (math.log(WIDTHS[0]), math.log(WIDTHS[1]))
MARGIN = 1e-6  # of the range; more than single precision rounds away
DRIVES = (0.5, 1.0)  # ends of what a drive starts at, in thresholds
START = 0.02  # how close to an end of its range a parameter may start, as a share of it


class SiliconBias(torch.nn.Module):
    """One tunnelling device per neuron, whose constant current is the neuron's bias; gate bias and width are trained.

    A chip at `acceleration` 1 runs as fast as the speech: few devices reach currents that small.
    """

    def __init__(
        self,
        circuit: LIFCircuit,
        tau_mem: Float[Tensor, " neuron"],
        acceleration: float,
        generator: torch.Generator,
    ):
        """Drives start uniform in the upper half of what makes a neuron fire by itself.

        A neuron that never comes within half a threshold of firing has no gradient where the surrogate is a boxcar.

        Args: tau_mem: time constants (s) in real time.
        Raises: InputError, with the remedy, if the device cannot leave these neurons silent and make them fire.
        """
        super().__init__()
        tau_mem = tau_mem.detach()
        require_reach(circuit, (tau_mem.min().item(), tau_mem.max().item()), acceleration)
        self.circuit, self.acceleration = circuit, acceleration
        drive = torch.empty(len(tau_mem)).uniform_(*DRIVES, generator=generator).double().numpy()
        current = current_for_drive(drive, tau_mem.double().numpy(), circuit, acceleration)
        self.gate = torch.nn.Parameter(
            _unbounded(_gate_biases(current, circuit).to(tau_mem), gate_range(circuit.device))
        )
        self.size = torch.nn.Parameter(_unbounded(torch.full_like(tau_mem, circuit.width).log(), _LOG_WIDTHS))

    @property
    def v_gs(self) -> Float[Tensor, " neuron"]:
        """Gate biases (V), inside the range that the device was fitted in and above its floor."""
        return bounded(self.gate, gate_range(self.circuit.device))

    @property
    def width(self) -> Float[Tensor, " neuron"]:
        """Channel widths (m)."""
        return bounded(self.size, _LOG_WIDTHS).exp()

    @property
    def current(self) -> Float[Tensor, " neuron"]:
        """Bias currents (A) on the chip."""
        return btbt_current(self.circuit.device.v_ds - self.v_gs, self.circuit.device, self.width)

    def drive(self, tau_mem: Float[Tensor, " neuron"]) -> Float[Tensor, " neuron"]:
        """What the currents drive the membranes to, in units of the swing; tau_mem (s) in real time."""
        return bias_drive(self.v_gs, self.width, tau_mem, self.circuit, self.acceleration)


def _gate_biases(current: np.ndarray, circuit: LIFCircuit) -> Float[Tensor, " neuron"]:
    """Gate biases (V) of these currents (A) at the circuit's width; those of the nearest that the device reaches."""
    low, high = gate_range(circuit.device)
    ends = (float(btbt_current(circuit.device.v_ds - v, circuit.device, circuit.width)) for v in (high, low))
    return torch.from_numpy(bias_for_current(np.clip(current, *ends), circuit.device, circuit.width))


def bounded(x: Float[Tensor, " neuron"], span: tuple[float, float]) -> Float[Tensor, " neuron"]:
    """low + (high - low) sigmoid(x), a millionth off the ends: inside the span for every x; its gradient ends at 0."""
    low, high = span
    return low + (high - low) * (MARGIN + (1 - 2 * MARGIN) * torch.sigmoid(x))


def _unbounded(value: Float[Tensor, " neuron"], span: tuple[float, float]) -> Float[Tensor, " neuron"]:
    """The x of `bounded`, kept off the ends, where nothing would be learnt."""
    share = (value - span[0]) / (span[1] - span[0])
    return torch.logit(share.clamp(START, 1 - START))
