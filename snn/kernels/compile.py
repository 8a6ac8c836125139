"""How the CPU kernels are compiled: on first use, without the GIL, kept on disk for the next start."""

from numba import njit

# Sums may be reordered and products fused, but NaN and infinity keep their meaning.
jit = njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
