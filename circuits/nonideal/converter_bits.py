"""The bits that a converter may have at all."""

MOST_BITS = 16  # ASSUMED: more is a slip of the pen
