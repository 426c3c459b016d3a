# ruff: noqa: D101, D102 - the names and what they do are TensorRT's
"""Doubles of TensorRT's runtime objects: a plan is an ONNX graph, and ONNX Runtime runs it.

They take and refuse what the real ones do: addresses that are not aligned or not on the device,
shapes outside the profile, runs before everything is set give False and a line in the log, never
an exception. Work is put on the fake driver's streams. What a real TensorRT would punish by a crash
or a hang is written down in `TROUBLES`.
"""

import ctypes
import json
import types

import numpy as np
import onnx
import onnxruntime

CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
PROFILES = "test.profiles"
NUMPY_TYPES = {2: np.uint8, 1: np.float32, 6: np.int32}

TROUBLES: list[str] = []
DRIVER: list[ctypes.CDLL] = []
"""The fake driver, once it is loaded."""


def plan_of(model, profiles):
    """A plan for the doubles: the graph, and (smallest, best, largest) shapes by input."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.metadata_props.add(key=PROFILES, value=json.dumps(profiles))
    return copy.SerializeToString()


def runner(model: bytes) -> onnxruntime.InferenceSession:
    """What computes: one thread, so that the same numbers give the same bits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Severity:
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class ILogger:
    Severity = Severity

    def __init__(self):
        self.entered = True


class TensorIOMode:
    NONE, INPUT, OUTPUT = range(3)


class ExecutionContextAllocationStrategy:
    STATIC, ON_PROFILE_CHANGE, USER_MANAGED = range(3)


class Owned:
    """Frees itself where and when the real one may."""

    def __init__(self, owner):
        self.owner = owner
        self.freed = False
        self.users = 0
        if owner is not None:
            owner.users += 1

    def __del__(self):
        name = type(self).__name__
        current = ctypes.c_void_p()
        DRIVER[0].cuCtxGetCurrent(ctypes.byref(current))
        if not current.value:
            TROUBLES.append(f"{name} was freed on a thread without the context")
        if DRIVER[0].fake_pending():
            TROUBLES.append(f"{name} was freed while work was pending")
        if self.users:
            TROUBLES.append(f"{name} was freed before what it made")
        if self.owner is not None:
            self.owner.users -= 1


class Runtime(Owned):
    def __init__(self, logger):
        if not getattr(logger, "entered", False):
            TROUBLES.append("the logger's base was not initialised")
        super().__init__(None)
        self.logger = logger

    def deserialize_cuda_engine(self, plan):
        try:
            model = onnx.load_from_string(plan)
            profiles = json.loads({p.key: p.value for p in model.metadata_props}[PROFILES])
        except Exception:  # noqa: BLE001 - protobuf raises types of its own
            self.logger.log(Severity.ERROR, "Serialization assertion magicTag failed.")
            return None
        weights = ctypes.c_void_p()
        if DRIVER[0].cuMemAlloc_v2(ctypes.byref(weights), ctypes.c_size_t(len(plan))):
            self.logger.log(Severity.ERROR, "Error Code 1: Cuda Runtime (out of memory)")
            self.logger.log(Severity.ERROR, "Error Code 4: Internal Error (deserialize failed.)")
            return None
        return ICudaEngine(self, model, profiles, weights)


class ICudaEngine(Owned):
    def __init__(self, runtime, model, profiles, weights):
        super().__init__(runtime)
        self.weights = weights
        self.logger = runtime.logger
        self.profiles = profiles
        self.values = [*model.graph.input, *model.graph.output]
        self.inputs = [value.name for value in model.graph.input]
        self.session = runner(model.SerializeToString())
        self.num_io_tensors = len(self.values)
        self.num_optimization_profiles = len(profiles)

    def __del__(self):
        super().__del__()
        DRIVER[0].cuMemFree_v2(self.weights)

    def get_tensor_name(self, index):
        return self.values[index].name

    def _value(self, name):
        return next(value for value in self.values if value.name == name)

    def get_tensor_mode(self, name):
        return TensorIOMode.INPUT if name in self.inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name):
        return self._value(name).type.tensor_type.elem_type

    def _dims(self, name):
        return [d.dim_param or d.dim_value for d in self._value(name).type.tensor_type.shape.dim]

    def get_tensor_profile_shape(self, name, index):
        if name not in self.profiles[index]:
            TROUBLES.append(f"{name} has a fixed shape, so the profile says nothing of it")
        return self.profiles[index][name]

    def create_execution_context(self, strategy):
        if strategy != ExecutionContextAllocationStrategy.USER_MANAGED:
            TROUBLES.append("the context would allocate for the largest profile")
        return IExecutionContext(self)


class IExecutionContext(Owned):
    def __init__(self, engine):
        super().__init__(engine)
        self.engine = engine
        self.logger = engine.logger
        self.profile = None
        self.switched = [False]  # by the stream; shared with the callback
        shapes = {name: tuple(engine._dims(name)) for name in engine.inputs}
        self.shapes = {n: s for n, s in shapes.items() if all(isinstance(d, int) for d in s)}
        self.addresses = {}
        self.memory = None
        self.kept = []

    def _no(self, text):
        self.logger.log(Severity.ERROR, text)
        return False

    def _put(self, stream, function):
        called = CALLBACK(function)
        self.kept.append(called)
        if DRIVER[0].cuLaunchHostFunc(ctypes.c_void_p(stream), called, None):
            return self._no("Error Code 1: Cuda Runtime (an illegal memory access was encountered)")
        return True

    def set_optimization_profile_async(self, profile_index, stream_handle):
        if not 0 <= profile_index < self.engine.num_optimization_profiles:
            return self._no("profile index out of range")
        self.profile, switched = profile_index, self.switched

        def switch(_):
            switched[0] = True

        return self._put(stream_handle, switch)

    def set_input_shape(self, name, shape):
        if self.profile is None or name not in self.engine.inputs:
            return self._no(f"no input {name}")
        low, _, high = self.engine.get_tensor_profile_shape(name, self.profile)
        fits = len(low) == len(shape) and all(
            a <= b <= c for a, b, c in zip(low, shape, high, strict=True)
        )
        if not fits:
            return self._no(f"Static dimension mismatch or out of profile: {name} {shape}")
        self.shapes[name] = tuple(shape)
        return True

    def infer_shapes(self):
        return [name for name in self.engine.inputs if name not in self.shapes]

    def get_tensor_shape(self, name):
        if name in self.shapes:
            return self.shapes[name]
        sides = {}
        for known, shape in self.shapes.items():
            sides |= dict(zip(self.engine._dims(known), shape, strict=True))
        return tuple(d if isinstance(d, int) else sides.get(d, -1) for d in self.engine._dims(name))

    def update_device_memory_size_for_shapes(self):
        return 256 * max(int(np.prod(shape)) for shape in self.shapes.values())

    def set_device_memory(self, memory, size):
        if memory % 256 or size < self.update_device_memory_size_for_shapes():
            TROUBLES.append("device memory too small or not aligned")
        self.memory = (memory, size)

    def set_tensor_address(self, name, memory):
        if name not in [value.name for value in self.engine.values] or memory % 256:
            return self._no(f"address of {name} is not aligned, or there is no such tensor")
        self.addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        if self.infer_shapes() or self.memory is None:
            return self._no("shapes or device memory are missing")
        wanted = {
            value.name: (
                address,
                self.get_tensor_shape(value.name),
                NUMPY_TYPES[value.type.tensor_type.elem_type],
            )
            for value in self.engine.values
            if (address := self.addresses.get(value.name))
        }
        if len(wanted) < self.engine.num_io_tensors:
            return self._no("Address is not set for a tensor")
        session, inputs = self.engine.session, self.engine.inputs
        memory, switched = self.memory, self.switched

        def run(_):
            try:
                views = {name: view(*facts) for name, facts in wanted.items()}
                if not switched[0]:
                    TROUBLES.append("the profile was not switched when the plan ran")
                if not DRIVER[0].fake_on_device(ctypes.c_void_p(memory[0]), memory[1]):
                    TROUBLES.append("the plan's memory was gone when it ran")
                names = [value.name for value in session.get_outputs()]
                got = session.run(names, {name: views[name].copy() for name in inputs})
                for name, value in zip(names, got, strict=True):
                    views[name][:] = value
            except Exception as exc:  # noqa: BLE001 - ctypes would lose it
                TROUBLES.append(f"{type(exc).__name__}: {exc}")

        return self._put(stream_handle, run)


def view(address, shape, dtype):
    """The tensor at a device address, which must be live."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not DRIVER[0].fake_on_device(ctypes.c_void_p(address), size):
        raise MemoryError("a tensor is not on the device")
    return np.frombuffer((ctypes.c_char * size).from_address(address), dtype).reshape(shape)


def module(name: str) -> types.ModuleType:
    """The module that stands in for tensorrt or tensorrt_rtx."""
    made = types.ModuleType(name)
    made.__dict__.update(
        __version__="11.4.0",
        ILogger=ILogger,
        Runtime=Runtime,
        ICudaEngine=ICudaEngine,
        IExecutionContext=IExecutionContext,
        TensorIOMode=TensorIOMode,
        ExecutionContextAllocationStrategy=ExecutionContextAllocationStrategy,
        uint8=onnx.TensorProto.UINT8,
        float32=onnx.TensorProto.FLOAT,
        int32=onnx.TensorProto.INT32,
    )
    return made
