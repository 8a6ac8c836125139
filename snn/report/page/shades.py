"""Colours of the page as CSS variables, light and dark: one accent, its shades, and kinds that are told apart anyway.

Shades mix the accent into the paper, in steps even to the eye on both grounds; letters and numbers say the same.
"""

from snn.report.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

N_HEAT = 11  # steps of a share: 0 to 1 in tenths
SEGMENTS = (1.0, 0.74, 0.52, 0.36, 0.25, 0.17, 0.11, 0.07)  # of the accent, largest part first
LIGHT = {
    "paper": "#fcfcfa", "raised": "#ffffff", "ink": "#1b1d21", "quiet": "#595e66", "line": "#e2e2de", "accent": BLUE,
    "warn": "#9a4500", "k0": "#a86f00", "k1": "#007a5a", "k2": BLUE, "k3": "#a0557f", "k4": GREY,
}  # fmt: skip
DARK = {
    "paper": "#131519", "raised": "#1a1d22", "ink": "#e8e8e4", "quiet": "#a5aab2", "line": "#30343b", "accent": SKY,
    "warn": "#f0a35e", "k0": ORANGE, "k1": GREEN, "k2": SKY, "k3": PURPLE, "k4": "#9a9a9a",
}  # fmt: skip
OURS = VERMILION


def variables(scheme: dict[str, str]) -> str:
    """CSS declarations of a scheme."""
    named = {f"--{name}": colour for name, colour in scheme.items()}
    accent, paper = scheme["accent"], scheme["raised"]
    for step in range(N_HEAT):
        share = step / (N_HEAT - 1)
        named[f"--h{step}"] = mixed(accent, paper, 0.04 + 0.96 * share if step else 0.0)
        named[f"--on-h{step}"] = readable_on(named[f"--h{step}"])
    for index, share in enumerate(SEGMENTS):
        named[f"--s{index}"] = mixed(accent, paper, share)
        named[f"--on-s{index}"] = readable_on(named[f"--s{index}"])
    return "".join(f"{name}:{colour};" for name, colour in named.items())


def mixed(colour: str, ground: str, share: float) -> str:
    """So much of a colour on a ground, both as `#rrggbb`."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def readable_on(ground: str) -> str:
    """Black or white, whichever has more contrast (WCAG 2.2, relative luminance)."""
    return "#ffffff" if contrast("#ffffff", ground) > contrast("#000000", ground) else "#000000"


def contrast(one: str, other: str) -> float:
    """(L1 + 0.05) / (L2 + 0.05) of the lighter and the darker, 1 to 21. Source: WCAG 2.2, contrast ratio."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
