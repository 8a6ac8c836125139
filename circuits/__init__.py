"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

`__init__.pyi`, beside this file, is the table of contents, by question: names load from there when first used.
Compiled, so imported where it is used: `circuits.transient` (arrays through time), `circuits.variation.monte_carlo`,
`circuits.mapping.network_on_mesh` (neurons onto cores),
`circuits.signoff` (a core in ngspice).
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
