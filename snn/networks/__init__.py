"""Networks: `Spotter`, the keyword spotter."""

from snn.networks.layer import SpikingLayer
from snn.networks.spotter import Spotter, SpotterOutput

__all__ = ["SpikingLayer", "Spotter", "SpotterOutput"]
