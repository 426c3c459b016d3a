"""ONNX in, ONNX out: everything that happens to a picture is decided here.

`contract` says what a generator takes and gives. `wrap` puts one between the samples of a decoded
frame and those of the restored one: by `by_planes` or `by_rgb`, whichever kind it is, at a `site`
in the graph under construction. `colour` has the matrices, `precision` the number types, and
`nodes` a small builder over onnx.helper. Pure functions: nothing here runs a graph.
"""
