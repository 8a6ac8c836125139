"""How the CPU kernels are compiled: on first use, without the GIL, kept on disk for the next start."""

from functools import partial

from numba import njit

# Sums may be reordered and products fused, but NaN and infinity keep their meaning.
_compile = partial(njit, nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")

jit = _compile()
inline = _compile(forceinline=True)  # for the body of a loop: a call costs more than a row of neurons
