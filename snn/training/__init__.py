"""Training: gradient, least squares, online, e-prop; checkpoints; what learning on chip costs."""
