"""Faults of the streaming engine: each wait left out, memory freed too early, errors swallowed."""

from tests.planted.fault import Fault

CUDA = "deblurvid/backends/cuda.py"
SESSION = "deblurvid/backends/session.py"
ENGINE = "deblurvid/backends/tensorrt.py"
TENSORS = "deblurvid/backends/tensors.py"
TESTS = "tests/backends/test_tensorrt.py::"
STREAMS = TESTS + "test_500_pictures_equal_the_synchronous_reference"
LAWS = "tests/backends/test_engines.py::TestEngine::"

FAULTS = (
    Fault(
        "compute does not wait for the upload",
        SESSION,
        "            compute.wait_for(slot.uploaded)\n",
        "",
        (STREAMS,),
    ),
    Fault(
        "download does not wait for compute",
        SESSION,
        "            download.wait_for(slot.ran)\n",
        "",
        (STREAMS,),
    ),
    Fault(
        "the host does not wait for the download",
        SESSION,
        "            slot.downloaded.synchronize()\n",
        "            pass\n",
        (STREAMS,),
    ),
    Fault(
        "upload marked as done before it",
        SESSION,
        "            slot.inputs.upload(upload)\n            slot.uploaded.record(upload)\n",
        "            slot.uploaded.record(upload)\n            slot.inputs.upload(upload)\n",
        (STREAMS,),
    ),
    Fault(
        "closing does not wait",
        SESSION,
        "            self._driver.synchronize()\n",
        "            pass\n",
        (TESTS + "test_closing_waits_for_what_runs",),
    ),
    Fault(
        "slot given to the next picture at once",
        ENGINE,
        "        self._in_flight.append((slot, begun, planes.colour))\n",
        "        self._in_flight.append((slot, begun, planes.colour))\n"
        "        self._free.appendleft(slot)\n",
        (STREAMS,),
    ),
    Fault(
        "newest picture collected first",
        ENGINE,
        "slot, begun, tags = self._in_flight.popleft()",
        "slot, begun, tags = self._in_flight.pop()",
        (LAWS + "test_collects_in_the_order_of_submission",),
    ),
    Fault(
        "collected samples left in the slot",
        ENGINE,
        "outputs[OUT + name][0].copy()",
        "outputs[OUT + name][0]",
        (STREAMS,),
    ),
    Fault(
        "streams that wait for the legacy stream",
        CUDA,
        "NON_BLOCKING = 1",
        "NON_BLOCKING = 0",
        (STREAMS,),
    ),
    Fault(
        "copies from memory that is not page-locked",
        "deblurvid/backends/blocks.py",
        "driver.pinned(size, upload=upload)",
        "driver.pinned(size, upload=upload).copy()",
        (STREAMS,),
    ),
    Fault(
        "upload buffers in the host's caches",
        "deblurvid/backends/blocks.py",
        "driver.pinned(size, upload=upload)",
        "driver.pinned(size, upload=False)",
        (TESTS + "test_upload_buffers_are_write_combined",),
    ),
    Fault(
        "TensorRT's objects freed after the context",
        SESSION,
        "        self._context = None\n        self._engine = None\n        self._runtime = None\n"
        "        self.slots.clear()\n        self._driver.close()\n",
        "        self.slots.clear()\n        self._driver.close()\n",
        (STREAMS,),
    ),
    Fault(
        "an error keeps TensorRT's objects alive",
        SESSION,
        "            traceback.clear_frames(error.__traceback__)\n",
        "            traceback.extract_tb(error.__traceback__)\n",
        (TESTS + "test_too_little_memory_is_told_apart",
         TESTS + "test_what_cannot_be_opened_is_refused"),
    ),
    Fault(
        "context kept for ever",
        CUDA,
        "        self._context.detach()\n",
        "",
        (STREAMS,),
    ),
    Fault(
        "memory for the largest profile",
        SESSION,
        "ExecutionContextAllocationStrategy.USER_MANAGED",
        "ExecutionContextAllocationStrategy.STATIC",
        (STREAMS,),
    ),
    Fault(
        "a run that was refused goes on",
        SESSION,
        "        if not self._context.execute_async_v3(stream.address):\n",
        "        if self._context.execute_async_v3(stream.address) is None:\n",
        (TESTS + "test_a_failing_driver_is_told",),
    ),
    Fault(
        "no memory told as any other error",
        CUDA,
        "        raise DeviceMemoryError(",
        "        raise EngineError(",
        (TESTS + "test_too_little_memory_is_told_apart",),
    ),
    Fault(
        "the first profile that fits",
        TENSORS,
        "return min(distances, key=lambda index: distances[index])",
        "return min(distances)",
        (TESTS + "test_the_nearest_profile_is_used",),
    ),
    Fault(
        "a profile that does not fit",
        TENSORS,
        "a <= side <= b",
        "a <= side",
        (TESTS + "test_what_cannot_be_opened_is_refused",),
    ),
    Fault(
        "number types of the plan not looked at",
        SESSION,
        "if got != tensors.dtypes or inputs != set(tensors.inputs):",
        "if inputs - set(tensors.inputs) == inputs:",
        (TESTS + "test_a_plan_for_another_format_is_refused",),
    ),
    Fault(
        "a forgotten engine is not closed",
        ENGINE,
        "weakref.finalize(self, _release, self._thread, self._session)",
        "lambda: _release(self._thread, self._session)",
        (TESTS + "test_an_engine_nobody_closed_lets_the_process_end",),
    ),
    Fault(
        "flat pictures not looked for",
        "deblurvid/stages/deblur.py",
        "if became_flat(picture.planes, planes, engine.spec.picture.depth):",
        "if False:",
        ("tests/stages/test_pictures.py::test_a_picture_that_became_flat_keeps_the_source",),
    ),
    Fault(
        "high bytes left out of a spread",
        "deblurvid/stages/deblur.py",
        "<< 8 * at for at, part in enumerate(plane))",
        "for at, part in enumerate(plane[:1]))",
        ("tests/stages/test_pictures.py::test_what_counts_as_flat",),
    ),
    Fault(
        "faults numbered from the engine's slots",
        "deblurvid/stages/deblur.py",
        "        done += 1\n",
        "        done = (done + 1) % engine.slots\n",
        ("tests/stages/test_pictures.py::test_deblur_reports_each_invalid_picture",),
    ),
    Fault(
        "tiles overlap by half of what they must",
        "deblurvid/backends/tiles.py",
        "return -(-reach.pixels // reach.grain) * reach.grain",
        "return -(-reach.pixels // 2 // reach.grain) * reach.grain",
        ("tests/backends/test_tiles.py::test_no_edge_of_a_tile_is_used",),
    ),
    Fault(
        "tiles out of the grain's phase",
        "deblurvid/backends/tiles.py",
        "// (parts[longer] * reach.grain) * reach.grain",
        "// parts[longer]",
        ("tests/backends/test_tiles.py::test_sizes_of_tiles_fall",),
    ),
    Fault(
        "chroma of a tile taken from luma's place",
        "deblurvid/backends/tiles.py",
        "up, along = row.start // high, column.start // wide",
        "up, along = row.start, column.start",
        ("tests/backends/test_tiles.py::test_tiles_leave_no_trace",),
    ),
    Fault(
        "any error answered by tiles",
        "deblurvid/backends/tiles.py",
        "            return TiledEngine(open_(tile), size, reach)\n        except DeviceMemoryError as error:",
        "            return TiledEngine(open_(tile), size, reach)\n        except RuntimeError as error:",
        ("tests/backends/test_tiles.py::test_other_errors_end_the_search",),
    ),
    Fault(
        "dilation of a convolution overlooked",
        "deblurvid/graph/reach.py",
        "self.last + ((size - 1) * dilation - before) * self.step",
        "self.last + (size - 1 - before) * self.step",
        ("tests/graph/test_reach.py::test_reach_bounds_what_really_changes",),
    ),
    Fault(
        "unfolding looks at its own sample alone",
        "deblurvid/graph/reach.py",
        "spread(block, size=block, before=0)",
        "spread(block, size=1, before=0)",
        ("tests/graph/test_reach.py::test_reach_bounds_what_really_changes",),
    ),
    Fault(
        "a mean over the picture is followed",
        "deblurvid/graph/reach.py",
        '"HardSwish", "Identity",',
        '"HardSwish", "Identity", "GlobalAveragePool",',
        ("tests/graph/test_reach.py::test_what_cannot_be_followed_is_named",),
    ),
    Fault(
        "an illegal access told as too little memory",
        SESSION,
        "out ?of ?memory|",
        "memory|",
        (TESTS + "test_a_failing_driver_is_told",),
    ),
    Fault(
        "a multiply-add counted once",
        "deblurvid/graph/work.py",
        "total += 2 * _products",
        "total += _products",
        ("tests/graph/test_work.py",),
    ),
)  # fmt: skip
