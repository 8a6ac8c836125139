"""Training: inputs, loss, `fit`, checkpoints."""
