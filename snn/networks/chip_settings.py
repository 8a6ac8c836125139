"""Training for a chip: what of its silicon a network meets while it learns. All of it is off unless a recipe asks."""

from collections.abc import Iterator
from math import ceil
from typing import Literal

import torch
from pydantic import Field

from circuits.errors import InputError
from snn.settings import section

WARM_UP = 0.5  # of the epochs. ASSUMED: by then a network knows its words, and the learning rate has begun to fall
CHIPS = 5  # that an epoch is chosen by, where chips differ. ASSUMED: their mean is as sure as a clip in a hundred
VALUES_ONLY = ("input_bits", "output_bits")
AFTER_WARM_UP = ("weight_noise", "mismatch", "fan_in", "energy_weight")


@section
class ChipSettings:
    """The chip that a network is trained for, and how.

    What acts from the first batch on: weight_bits, weight_noise, weight_clip, input_bits, output_bits, mismatch. After
    a warm-up, half of the epochs: the inputs of a neuron are fixed (fan_in), normalisations are frozen (weight_noise,
    mismatch: one of each batch would take out what differs from chip to chip), energy enters the loss. Only epochs
    after it may give the weights that are kept, where chips differ by the mean validation accuracy on a few of them.
    """

    name: str = ""  # or its TOML; its limits are checked before training begins; "": none
    weight_bits: Literal[0, 1, 2, 4, 8] = 0  # levels of weights; 0: any number
    weight_noise: float = Field(0.0, ge=0, le=1)  # deviation over the largest weight of a layer, drawn for each batch
    weight_clip: float = Field(0.0, ge=0, le=100)  # largest weight, in standard deviations of a layer's; 0: none
    input_bits: int = Field(0, ge=0, le=16)  # of what drives a conventional layer; 0: any number
    output_bits: int = Field(0, ge=0, le=16)  # of its sums
    mismatch: float = Field(0.0, ge=0, le=1)  # deviation of ln I of the currents, another chip for each batch
    energy_weight: float = Field(0.0, ge=0, le=1000)  # of the joules of an inference, in units of those before
    fan_in: int = Field(0, ge=0, le=65_536)  # most inputs of a neuron; 0: all

    def __post_init__(self):
        if not self.in_file:
            self.require_there()
        if self.energy_weight and not self.name:
            raise InputError("energy_weight needs the chip whose ledger is to be charged: set chip.name")
        if self.weight_noise and self.mismatch:
            raise InputError(
                "weight_noise is of a phase-change memory, mismatch of tunnelling currents: no chip has both; set one "
                "of them to 0"
            )

    @property
    def varies(self) -> bool:
        """Whether batches meet different silicon."""
        return bool(self.weight_noise or self.mismatch)

    @property
    def plain(self) -> bool:
        """Whether weights and values are as they would be without a chip."""
        return not (self.weight_bits or self.weight_clip or self.fan_in or self.varies or self.converts)

    @property
    def converts(self) -> bool:
        """Whether there are converters."""
        return bool(self.input_bits or self.output_bits)

    def generators(self, seed: int) -> Iterator[torch.Generator]:
        """One for each chip that an epoch is chosen by, the same for every epoch."""
        return (torch.Generator().manual_seed(seed * CHIPS + i) for i in range(CHIPS))

    def settled(self, n_epochs: int) -> int:
        """Epochs of the warm-up, 0 where nothing begins after one."""
        return ceil(WARM_UP * n_epochs) if any(getattr(self, key) for key in AFTER_WARM_UP) else 0

    def require_epochs(self, n_epochs: int) -> None:
        """Raises: InputError where no epoch follows the warm-up, so that what begins after it never would."""
        if (warm_up := self.settled(n_epochs)) >= n_epochs:
            asked = " and ".join(f"chip.{key}" for key in AFTER_WARM_UP if getattr(self, key))
            raise InputError(
                f"training.epochs = {n_epochs} is no more than the warm-up of {warm_up} that {asked} needs: "
                f"take {n_epochs + 1} at least, or set {asked} to 0"
            )

    @property
    def in_file(self) -> bool:
        """Whether the chip is a file of the user's, which may lie elsewhere when a run of it is read again."""
        return self.name.endswith(".toml")

    def require_there(self) -> None:
        """Raises: InputError or FileNotFoundError for a chip that is not there."""
        if self.name:
            from circuits.chips import load_chip  # compiled, so only where used

            load_chip(self.name)

    def require_charged(self) -> None:
        """Raises: InputError where energy is in the loss, and no spike is on the chip's bill."""
        from snn.networks.charged_spikes import charges_spikes  # compiled too

        if self.energy_weight and not charges_spikes(self.name):
            raise InputError(
                f"chip.energy_weight = {self.energy_weight:g}: the energy of {self.name} does not depend on spikes, so "
                "no gradient could save any; set chip.name to btbt-45rfsoi or a loihi chip, or energy_weight to 0"
            )

    def require_spiking(self, recurrent: bool, silicon_bias: bool) -> None:
        """Raises: InputError for what only layers of values have, or what no layer of these neurons can take."""
        for key in VALUES_ONLY:
            if getattr(self, key):
                raise InputError(
                    f"chip.{key} = {getattr(self, key)} is of converters around values; a spike is a one-bit input: "
                    "set it to 0, or train a conventional network"
                )
        if not self.in_file:
            self.require_charged()
        if self.fan_in and recurrent:
            raise InputError(
                f"chip.fan_in = {self.fan_in} chooses among the inputs from before; recurrent ones are beside them: "
                "set network.recurrent = false"
            )
        if self.mismatch and silicon_bias:
            raise InputError(
                'chip.mismatch: the spread of bias devices is not modelled; set neuron.bias = "free", or mismatch to 0'
            )

    def require_values(self) -> None:
        """Raises: InputError for what only spiking networks have."""
        if self.energy_weight:
            raise InputError(
                f"chip.energy_weight = {self.energy_weight:g} is charged for spikes: a conventional network computes "
                "every product whatever its values are, so no gradient could save one; set it to 0"
            )


OFF = ChipSettings()
