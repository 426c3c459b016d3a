"""Who runs a graph: one file a runtime, all keeping the Engine protocol of `base`."""
