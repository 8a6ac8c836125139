"""What the compiled filter banks share: the smoothing of a rectified signal, and rest after the sound."""

from typing import no_type_check

from circuits.compile import inline, jit

FLUSH = 1e-150  # filters in digital silence end here, before denormal numbers slow them down


@no_type_check
@inline
def smooth(low, c, x, share):
    """One sample x of channel c through two low-pass poles, each low += share (x - low); low: `(2, channel)`."""
    low[0, c] += share * (x - low[0, c])
    low[1, c] += share * (low[0, c] - low[1, c])


@no_type_check
@jit
def flush(state):
    """What is left of a sound long past becomes zero, in place."""
    for s in range(state.shape[0]):
        for c in range(state.shape[1]):
            if abs(state[s, c]) < FLUSH:
                state[s, c] = 0.0
