"""Published neurons and processors as straight lines over their rate, for the comparison of cores."""

from circuits.energy.core import SCOPES, NeuronPower, affine_cost
from circuits.errors import InputError
from circuits.literature.processors import load_processors
from circuits.literature.published import PublishedNeuron, load_published


def published_neurons(
    scope: str = "neuron", rows: tuple[PublishedNeuron, ...] | None = None
) -> tuple[NeuronPower, ...]:
    """The published neurons of one scope, in file order; their energy per spike is taken as the marginal energy.

    Raises: InputError for an unknown scope.
    """
    if scope not in SCOPES:
        raise InputError(f"scope = {scope!r}; expected one of {', '.join(SCOPES)}")
    rows = load_published() if rows is None else rows
    return tuple(
        NeuronPower(
            name=row.name,
            cost=affine_cost(row.energy_per_spike_j, row.static_power_w, row.source),
            scope=row.scope,
            measured=row.measured,
            year=row.year,
            source=row.source,
            highest_rate=row.rate_hz,
            note=row.note,
        )
        for row in rows
        if row.scope == scope
    )


def processor_neurons(n_neurons: int, fan_out: float) -> tuple[NeuronPower, ...]:
    """The published processors, as many whole chips as hold the core: a spike costs `fan_out` synaptic operations."""
    return tuple(
        NeuronPower(
            name=chip.name,
            cost=affine_cost(
                fan_out * chip.energy_per_operation_j, chip.chips(n_neurons) * chip.static_power_w, chip.source
            ),
            scope="chip",
            measured=chip.measured,
            year=chip.year,
            source=chip.source,
            note=f"{chip.chips(n_neurons)} of {chip.n_neurons} neurons, clock not modelled. {chip.note}",
        )
        for chip in load_processors()
    )
