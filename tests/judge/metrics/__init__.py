"""Laws of the metrics."""
