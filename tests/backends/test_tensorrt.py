"""The streaming engine: real PyCUDA over a fake driver, doubles of TensorRT that really compute.

The fake runs what is put on a stream at the latest legal moment, so a missing wait gives wrong
bytes each time; at random moments it shows what overwrites memory in use.
"""

import numpy as np
import pytest

from deblurvid.frames import PictureFormat
from tests.cuda import streaming
from tests.media import make_video, read_pictures

SIZE = streaming.SIZE
NO_MEMORY_TO_LOAD = (
    "DeviceMemoryError: TensorRT could not load the plan by tensorrt 11.4.0: Error Code 1: Cuda "
    "Runtime (out of memory)"
)
DEEP = PictureFormat(source="yuv444", depth=10)


def test_500_pictures_equal_the_synchronous_reference(cuda):
    """With the ring kept full, every sample of every picture is what one at a time gives."""
    assert cuda.call(streaming.wrong_frames, 500) == []


@pytest.mark.parametrize("schedule", range(1, 5))
def test_nothing_in_use_is_overwritten(cuda, schedule):
    """The same at random legal moments: copies that run early find their memory free."""
    assert cuda.call(streaming.wrong_frames, 60, schedule=schedule) == []


@pytest.mark.parametrize(("name", "picture"), [("rgb", DEEP), ("rgb", streaming.YUV420)])
def test_colour_and_strength_go_with_their_picture(cuda, name, picture):
    """A generator that needs colour gets each picture's own, at 8 and 10 bits."""
    assert cuda.call(streaming.wrong_frames, 30, name=name, picture=picture) == []


@pytest.mark.parametrize("wait", streaming.WAITS)
def test_each_wait_is_needed(cuda, wait):
    """Leave out one wait, and pictures come out wrong: the tests above would tell."""
    wrong = cuda.call(streaming.wrong_frames, 60, without=wait)
    cuda.reset()

    assert len(wrong) > 30


def test_closing_waits_for_what_runs(cuda):
    """Nothing is freed under a copy or a kernel; what is left out shows on the driver's side."""
    cuda.call(streaming.close_without_waiting, removed=False)
    kept = cuda.left_behind()
    cuda.call(streaming.close_without_waiting, removed=True)
    forgot = cuda.left_behind()
    cuda.reset()

    assert kept == {}
    assert any("memory was freed while" in text for text in forgot["wrong"])


def test_upload_buffers_are_write_combined(cuda):
    """One write-combined block a slot, and no pinned memory besides in and out."""
    assert cuda.call(streaming.pinned_blocks) == {"pinned": 6, "write-combined": 3}


@pytest.mark.parametrize(
    ("call", "after", "code", "told"),
    [
        ("cuDevicePrimaryCtxRetain", 0, 101, "EngineError: CUDA could not open device 0"),
        ("cuStreamCreate", 1, 700, "EngineError: CUDA could not make a stream"),
        ("cuEventCreate", 4, 2, "DeviceMemoryError: CUDA could not make an event: out of memory"),
        ("cuMemAlloc_v2", 0, 2, NO_MEMORY_TO_LOAD),
        ("cuMemAlloc_v2", 1, 2, "DeviceMemoryError: CUDA could not allocate"),
        ("cuMemHostAlloc", 3, 2, "DeviceMemoryError: CUDA could not lock"),
        ("cuMemcpyHtoDAsync_v2", 1, 700, "EngineError: CUDA could not begin a picture: an illegal"),
        ("cuStreamWaitEvent", 2, 700, "EngineError: CUDA could not begin a picture"),
        ("cuEventSynchronize", 1, 700, "EngineError: CUDA could not finish a picture: an illegal"),
        ("cuLaunchHostFunc", 2, 700, "EngineError: TensorRT could not run the plan"),
    ],
)
def test_a_failing_driver_is_told(cuda, call, after, code, told):
    """Whatever call fails, at opening or later, it is one line: what could not be done, and why."""
    message = cuda.call(streaming.failing, call, after, code)
    cuda.reset()

    assert message.startswith(told)


def test_a_dead_device_leaves_the_first_error_and_no_thread(cuda):
    """Where not even the context can be given back, what is told is what broke it."""
    told = cuda.call(streaming.dying)
    cuda.reset()

    assert told == ("EngineError: CUDA could not finish a picture: error of the fake driver", [])


def test_an_interrupt_while_opening_leaves_nothing(cuda):
    """Ctrl-C while the plan is loaded on the other thread: what it makes there is freed there."""
    assert cuda.call(streaming.interrupted_opening) == []
    assert cuda.left_behind() == {}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"plan": b"torn"},
            "EngineError: TensorRT could not load the plan by tensorrt 11.4.0: Serial",
        ),
        (
            {"flavour": "rtx", "plan": b"torn"},
            "EngineError: TensorRT could not load the plan by tensorrt_rtx",
        ),
        ({"device": 3}, "EngineError: CUDA could not open device 3: invalid device ordinal"),
        ({"size": (200, 48)}, "EngineError: the plan takes pictures of 32x32 to 128x128; these"),
        ({"size": (30, 48)}, "EngineError: the plan takes pictures of 32x32 to 128x128; these"),
    ],
)
def test_what_cannot_be_opened_is_refused(cuda, options, told):
    """A plan for elsewhere, a device that is not there, a size outside all profiles."""
    assert cuda.call(streaming.refusal, **options).startswith(told)


@pytest.mark.parametrize(
    "made_for",
    [
        PictureFormat(source="gray", depth=8),
        PictureFormat(source="rgb", depth=8),
        PictureFormat(source="yuv420", depth=10),
    ],
    ids=str,
)
def test_a_plan_for_another_format_is_refused(cuda, made_for):
    """Planes that a plan would misread are found out when it is opened."""
    told = cuda.call(streaming.opened_with_plan_for, made_for)

    assert told.startswith("EngineError: the plan takes")


def test_the_nearest_profile_is_used(cuda):
    """Of several profiles that take a size, the one tuned to the nearest runs it."""
    best = ((128, 128), (64, 48), (32, 32))
    chosen = [
        cuda.call(streaming.profile_for_size, size, best) for size in ((126, 120), SIZE, (34, 32))
    ]

    assert chosen == [0, 1, 2]


def test_too_little_memory_is_told_apart(cuda):
    """A picture that does not fit raises DeviceMemoryError, with nothing left allocated."""
    told = cuda.call(streaming.refusal_in, memory=300_000)

    assert told.startswith("DeviceMemoryError: CUDA could not allocate")


def test_the_driver_refuses_other_threads(cuda):
    """What is allocated from a thread without the context is an error, not a crash."""
    told = cuda.call(streaming.allocate_elsewhere)

    assert told.endswith("invalid device context")


def test_engines_live_side_by_side(cuda):
    """Two engines on one device keep their pictures apart, and the context until both are gone."""
    assert cuda.call(streaming.two_engines) == []


def test_a_video_from_file_to_file(cuda, tmp_path):
    """In a run the engine is fed by one thread, opened and closed by another: nothing changes."""
    source = make_video(tmp_path / "a.mkv", size=(64, 48), codec="ffv1", frames=40)
    finished = cuda.call(streaming.whole_run, source, tmp_path / "b.mkv")

    assert (finished.frames, finished.invalid_frames, finished.flat_frames) == (40, 0, 0)
    for before, after in zip(read_pictures(source), read_pictures(tmp_path / "b.mkv"), strict=True):
        assert all(map(np.array_equal, before, after))


def test_an_engine_nobody_closed_lets_the_process_end(cuda):
    """A forgotten close, with pictures in flight, is made up for at the end of the process."""
    assert cuda.call(streaming.forgotten, cuda.library) == (0, "done\n")


def test_an_engine_nobody_holds_is_freed(cuda):
    """A forgotten engine leaves nothing on the device, also where it is part of a cycle."""
    cuda.call(streaming.dropped)

    assert cuda.left_behind() == {}


def test_device_times_add_up(cuda):
    """Upload, run and download of a picture are told apart, in seconds."""
    times = cuda.call(streaming.device_seconds)

    assert list(times) == ["upload", "run", "download"]
    assert times["run"] > times["upload"] > 0
    assert sum(times.values()) < 1
