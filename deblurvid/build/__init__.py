"""Graph -> plan: what TensorRT makes of a graph for one kind of GPU.

`request` says what is built, `builder` builds it by TensorRT's API, `worker` is the process in which
that happens and `process` the other end of it, `messages` says what TensorRT means. `cache` keeps
plans and tells whether one can be trusted, `opening` opens one, `parity` compares what it gives with
float32, `toolchain` finds out what there is to build with, and `ready` joins all of it: a generator
in, an open engine out.
"""
