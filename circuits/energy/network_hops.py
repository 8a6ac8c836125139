"""Energy of a packet's way through a network on a chip, from its parts: into a buffer and out, a crossbar, a wire.

    E_hop = bits / 32 (push + pop + crossbar) + bits length E_wire         3.08 pJ for 32 bits over 1 mm

Source: the power table of Noxim as SpiNeMap uses it (power.yaml): buffer of depth 4 and crossbar of 5 ports, both 32
bits wide; ASSUMED proportional to the width. About what Loihi is given for a hop, 3.0 to 4.2 pJ.
"""

import math

from circuits.errors import InputError
from circuits.ledger import Entry, Ledger
from circuits.units import Joules, Metres

WIDTH = 32  # bits that the table is for
PUSH: Joules = 0.762e-12
POP: Joules = 0.534e-12
CROSSBAR: Joules = 0.221e-12
WIRE = 48.8e-15 / 1e-3  # J per bit and metre
SOURCE = "SpiNeMap, power.yaml of Noxim"


def hop_ledger(hops: float, bits: int = WIDTH, length: Metres = 1e-3) -> Ledger[float]:
    """So many hops of a packet of `bits`, each over `length` (m) of wire; the leak of routers is not in it.

    Raises: InputError for negative hops, no bits, or a negative length.
    """
    for name, value, least in (("hops", hops, 0), ("bits", bits, 1), ("length", length, 0)):
        if not least <= value < math.inf:
            raise InputError(f"{name} of a packet must be finite and at least {least}, got {value}")
    each = {"buffer_push": PUSH, "buffer_pop": POP, "crossbar": CROSSBAR}
    parts = {name: bits / WIDTH * joules for name, joules in each.items()} | {"wire": bits * length * WIRE}
    return Ledger(tuple(Entry(name, hops, joules, per="hop", source=SOURCE) for name, joules in parts.items()))
