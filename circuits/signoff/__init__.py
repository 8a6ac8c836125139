"""A whole core signed off: ngspice simulates its netlist under a recorded signal, and must spike as the engine does.

netlist     `core_text`, `core_deck`, `handed_over`, `core_sha256`
comparison  `sign_off`, `sign_offs`, `SignOff`
transistors `circuits.signoff.small_core.sign_off_small`
spikes      `match_spikes`, `Matching`, `pooled`
"""

from circuits.netlist.core_lib import core_text
from circuits.netlist.match import Matching, match_spikes, pooled
from circuits.signoff.deck import core_deck, core_sha256, handed_over
from circuits.signoff.run import SignOff, sign_off, sign_offs

__all__ = [
    "Matching",
    "SignOff",
    "core_deck",
    "core_sha256",
    "core_text",
    "handed_over",
    "match_spikes",
    "pooled",
    "sign_off",
    "sign_offs",
]
