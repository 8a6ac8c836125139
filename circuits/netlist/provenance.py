"""Which program wrote a file."""

from importlib.metadata import PackageNotFoundError, version


def tool() -> str:
    """Name and version of this package, for the head of every file handed over."""
    try:
        return f"tunnelspike {version('tunnelspike')}"
    except PackageNotFoundError:  # run from the source tree, not installed
        return "tunnelspike (not installed)"
