"""A CUDA driver without a GPU, and doubles of TensorRT that run on it."""
