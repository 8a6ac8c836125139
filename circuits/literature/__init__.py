"""Published neurons, processors and keyword spotters, and the comparison with them."""
