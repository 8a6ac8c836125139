"""Learning beside the gradient: least squares off chip, and local rules that a chip can carry out while it listens."""
