"""A whole core signed off: ngspice simulates its netlist under a recorded signal, and must spike as the engine does.

netlist     `core_text`, `core_deck`, `handed_over`, `read_core`, `Reading`, `core_sha256`
comparison  `sign_off`, `sign_offs`, `sign_off_corners`, `SignOff`, `Outputs`
transistors `circuits.signoff.small_core.sign_off_small`
spikes      `match_spikes`, `Matching`, `pooled`
"""

from circuits.netlist.core_lib import core_text
from circuits.netlist.match import Matching, match_spikes, pooled
from circuits.signoff.as_written import Reading, read_core
from circuits.signoff.core_at_corner import sign_off_corners
from circuits.signoff.deck import core_deck, core_sha256, handed_over
from circuits.signoff.run import SignOff, sign_off, sign_offs
from circuits.signoff.spike_outputs import Outputs

__all__ = [
    "Matching",
    "Outputs",
    "Reading",
    "SignOff",
    "core_deck",
    "core_sha256",
    "core_text",
    "handed_over",
    "match_spikes",
    "pooled",
    "read_core",
    "sign_off",
    "sign_off_corners",
    "sign_offs",
]
