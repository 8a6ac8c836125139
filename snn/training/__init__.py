"""Training by gradient, least squares, online rules and e-prop; checkpoints."""
