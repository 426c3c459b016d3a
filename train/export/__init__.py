"""From torch to a checked ONNX file."""
