"""Numbers as the page prints them: an SI prefix, a space that does not break, a real minus and a real micro sign."""

from circuits.units import SquareMetres, si, um

NO_BREAK, MINUS = "\u00a0", "\u2212"
NOTHING = "\u2013"  # of an empty cell
NOT_MODELLED, NOT_KNOWN = "not modelled", "not known"
SMALLEST_MM2 = 0.01  # below this an area is told in square micrometres


def quantity_of(value: float | None, unit: str, digits: int = 3) -> str:
    """`quantity_of(3.2e-6, "J") == "3.2 µJ"`; None: not modelled."""
    if value is None:
        return NOT_MODELLED
    number, _, rest = si(value, unit, digits).partition(" ")
    rest = "µ" + rest[1:] if rest.startswith("u") else rest
    return f"{number.replace('-', MINUS)}{NO_BREAK}{rest}"


def area_of(value: SquareMetres | None) -> str:
    """In square millimetres, or micrometres where that is smaller than a hundredth."""
    if value is None:
        return NOT_MODELLED
    square_mm = value * 1e6
    if square_mm >= SMALLEST_MM2:
        return f"{square_mm:.3g}{NO_BREAK}mm²"
    return f"{value / um**2:,.3g}{NO_BREAK}µm²"


def price_of(value: float | None) -> str:
    """In US dollars, cents where it is less than one."""
    if value is None:
        return NOT_MODELLED
    return f"{100 * value:.2g}{NO_BREAK}US cents" if value < 1 else f"{value:,.2f}{NO_BREAK}US$"


def percent(share: float | None, digits: int = 1) -> str:
    """`percent(0.9467) == "94.7 %"`; what is there, but rounds to nothing, is below the last digit."""
    if share is None:
        return NOT_KNOWN
    if share == 0:
        return f"0{NO_BREAK}%"
    least = 10.0**-digits
    return f"< {least:g}{NO_BREAK}%" if 0 < 100 * share < least / 2 else f"{100 * share:.{digits}f}{NO_BREAK}%"


def points(share: float, digits: int = 1) -> str:
    """A difference or deviation of shares, in percentage points."""
    return f"{100 * share:.{digits}f}{NO_BREAK}points"


def count_of(n: int | float, one: str, many: str | None = None) -> str:
    """`count_of(2, "core") == "2 cores"`."""
    return f"{n:,.0f}{NO_BREAK}{one if n == 1 else many or one + 's'}"
