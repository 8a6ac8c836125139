"""Axes as every public door takes them, batch first: `(batch, time, channel)`. What has others is told what it has."""

from circuits.errors import InputError


def require_axes(shape: tuple[int, ...], n: int, taker: str, axes: str = "batch, time, channel") -> None:
    """Raises: InputError unless the shape is one of these axes, with n of the last."""
    if len(shape) == 3 and shape[2] == n:
        return
    last, wrong = axes.split(", ")[-1], f"{taker} takes ({axes}), batch first, with {n} {axes.split(', ')[-1]}s"
    hint = f"give {n} {last}s"
    if len(shape) == 2 and shape[1] == n:
        hint = "one clip is x[None]"
    elif len(shape) == 3 and n in shape[:2]:
        hint = f"axis {shape.index(n)} looks like the {last}s: x.transpose({shape.index(n)}, 2)"
    raise InputError(f"{wrong}, got {tuple(shape)}; {hint}")


def require_batch(shape: tuple[int, ...], n_batch: int, what: str) -> None:
    """Raises: InputError unless x `(batch, time, channel)` holds as many clips as `what` that comes with it."""
    if shape[0] == n_batch:
        return
    swapped = len(shape) > 1 and shape[1] == n_batch
    remedy = ", or batch and time are swapped: x.transpose(0, 1)" if swapped else ""
    raise InputError(
        f"x is (batch, time, channel), batch first, got {tuple(shape)}, but there are {n_batch} {what}; take "
        f"both of the same batch{remedy}"
    )


def require_state(shape: tuple[int, ...], state: tuple[int, ...]) -> None:
    """Raises: InputError unless a state `(batch, neuron)` is of the clips and neurons of x `(batch, time, neuron)`."""
    require_batch(shape, state[0], "clips in the state")
    if state[1:] != shape[2:]:
        raise InputError(
            f"the state is (batch, neuron) = {tuple(state)}, but there are {shape[2]} neurons; begin with the state of "
            "the same layer"
        )
