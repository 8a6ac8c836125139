"""Published neurons and processors, and the comparison with them."""
