"""Phase-change devices as tables: how well they are programmed, how they drift and how noisy they are read.

Two generations of IBM's devices, of which the drift exponents differ threefold: an exponent is of its table, never a
constant. Conductances are relative, g = G / G_max.
"""

from dataclasses import dataclass, field

from circuits.errors import InputError
from circuits.nonideal.conductance_laws import Branches, Law, Logarithm, Polynomial, Power
from circuits.tables import did_you_mean
from circuits.units import Seconds, Siemens, freeze_si, require

US: Siemens = 1e-6


@dataclass(frozen=True)
class PcmDevice:
    """A kind of device; the laws are of g and give what is relative too.

    programming: sigma of a conductance as written, over G_max.   drift_mean, drift_sigma: of the exponent nu over
    the devices.   read: Q_s, of the 1/f noise over the conductance.   t0: the drift is counted from so long after
    programming.   t_read: how long a reading takes.
    """

    name: str
    g_max: Siemens
    t0: Seconds
    t_read: Seconds
    programming: Law = field(repr=False)
    drift_mean: Law = field(repr=False)
    drift_sigma: Law = field(repr=False)
    read: Law = field(repr=False)

    def __post_init__(self):
        freeze_si(self)
        for name in ("g_max", "t0", "t_read"):
            require(self, name, getattr(self, name) > 0, "positive")


def _of_microsiemens(coefficients: tuple[float, ...], g_max: float) -> Polynomial:
    """A polynomial that gives uS, over the G_max that it was fitted at."""
    return Polynomial(tuple(c / g_max for c in coefficients))


# Nandakumar et al., ICECS 2019, as aihwkit's PCMLikeNoiseModel has it: a million devices.
PCM_LIKE = PcmDevice(
    name="pcm-like",
    g_max=25 * US,
    t0=20.0,
    t_read=250e-9,
    programming=_of_microsiemens((0.26348, 1.9650, -1.1731), 25.0),
    drift_mean=Logarithm(-0.0155, 0.0244, 0.049, 0.1),
    drift_sigma=Logarithm(-0.0125, -0.0059, 0.008, 0.045),
    read=Power(0.0088, 0.65, 0.2),
)
# Le Gallo et al., Nature Electronics 2023, as aihwkit's HermesNoiseModel has it, two devices side by side as one.
HERMES = PcmDevice(
    name="hermes",
    g_max=20.7 * US,
    t0=300.0,
    t_read=512e-9,
    programming=_of_microsiemens((0.16603222, 4.71806468, -8.48101252, 4.68961419), 20.7),
    drift_mean=Branches(0.0945, Logarithm(-0.0387, -0.0182, 0.0720, 0.13), Polynomial((0.0736, -0.0126, -0.0436))),
    drift_sigma=Branches(0.3055, Logarithm(-0.0117, -0.0057, 0.0091, 0.04), Polynomial((0.0073, 0.0093, -0.0118))),
    read=Branches(0.16, Logarithm(-0.0117, -0.0069, 0.015, 0.04), Polynomial((0.0123, 0.0211, -0.0280, 0.0069))),
)
DEVICES = {device.name: device for device in (PCM_LIKE, HERMES)}


def pcm_device(name: str) -> PcmDevice:
    """The device of that name. Raises: InputError for an unknown one."""
    if name not in DEVICES:
        hint = did_you_mean(name, DEVICES)
        raise InputError(f"unknown phase-change device {name!r}{hint}; known: {', '.join(DEVICES)}")
    return DEVICES[name]
