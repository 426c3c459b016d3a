"""Training: steps, checkpoints, the loop around them."""
