"""Graphs to plans, by the real TensorRT-RTX, which builds without a GPU."""
