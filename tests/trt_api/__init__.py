"""What the bindings of TensorRT and TensorRT-RTX really offer, dumped from the real ones."""
