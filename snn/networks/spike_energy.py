"""Joules in the loss of a spiking network: what a chip's own ledger says that one more spike costs.

    loss = cross entropy + energy_weight sum over neurons of c spikes / J_0,     c = dJ / dspikes of their population

J is the total of the chip's ledger for one inference. It is linear in the spikes at given weights, so a difference of
two prices gives c exactly: of the measured activity, and of the same with a hundredth of one population's spikes less,
each with the time step near threshold that it is. c is a constant of the loss; it is found again before each epoch, as
the weights of the outgoing synapses change. J_0 is that of the network when the term sets in, so the weight has no
unit. What no spike pays, the encoder's signal and biases and static power, stays out.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from circuits.network.activity import Activity
from snn.audio.examples import Examples
from snn.kernels.reference import Network, SpikeCosts
from snn.networks.chip_settings import ChipSettings
from snn.networks.layer_spec import populations

if TYPE_CHECKING:
    from snn.networks.spiking_model import SpikingModel

CLIPS = 128  # of the training clips as they are, evenly spaced, that activity is measured on. ASSUMED to be enough
PART = 0.01  # of a population's spikes that are left out


class SpikeEnergy(nn.Module):
    """The price of a spike on the recipe's chip, and of an inference before it was asked for."""

    def __init__(self, chip: ChipSettings):
        super().__init__()
        self.weight, self.chip = chip.energy_weight, chip.name
        self.of_spike: dict[str, float] = {}  # by population (J)
        if self.weight:  # state of the model only where it is charged
            self.register_buffer("before", torch.zeros((), dtype=torch.float64))

    def refresh(self, model: "SpikingModel", train: Examples) -> None:
        """Price a spike of each population at the weights of now; the first time, an inference too."""
        if not self.weight:
            return
        from circuits.chips import load_chip  # compiled, so only where used

        chip, net = load_chip(self.chip, trained=model.chip()), model.network()
        activity = model.run(some_clips(train)).activity
        placement = chip.place(net, activity)
        total, self.of_spike = prices_of_spikes(chip, net, activity, placement)
        if not self.before:
            self.before.fill_(total)

    def costs(self, network: Network) -> SpikeCosts:
        """Of a spike of each neuron of each population in the loss; none before they are known."""
        if not self.of_spike:
            return ()
        biases = [stage.bias for stage in ((network.encoder,) if network.encoder else ()) + network.layers]
        unit = self.weight / self.before.item()
        return tuple(
            torch.full_like(bias, unit * self.of_spike[name], requires_grad=False)
            for name, bias in zip(populations(network), biases, strict=True)
        )


def prices_of_spikes(chip: Any, net: Any, activity: Activity, placement: Any) -> tuple[float, dict[str, float]]:
    """Joules of an inference, and of one spike more of each population, 0 of one that is silent."""
    total = chip.price(net, activity, placement).ledger.total
    found = {}
    for name, spikes in activity.spikes.items():
        near = activity.near_threshold[name] - PART * net.dt * spikes
        fewer = replace(
            activity,
            spikes=activity.spikes | {name: (1 - PART) * spikes},
            near_threshold=activity.near_threshold | {name: near.clip(min=0)},
        )
        saved = total - chip.price(net, fewer, placement).ledger.total
        found[name] = saved / (PART * spikes.sum()) if spikes.any() else 0.0
    return total, found


def some_clips(train: Examples) -> Examples:
    """A few training clips as they are, evenly spaced."""
    chosen: Tensor = torch.linspace(0, len(train) - 1, min(CLIPS, len(train))).long()
    return Examples(train.pick(0, chosen)[None], train.labels[chosen], train.front_end)
