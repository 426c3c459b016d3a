"""The kernels themselves: none of this can be told without a GPU."""

import time

import numpy as np
import pytest

from deblurvid import deblur_video, open_engine
from deblurvid.backends.cuda import device_facts, free_memory
from deblurvid.backends.tiles import TiledEngine, tile_sizes
from deblurvid.build import ready
from deblurvid.build.parity import FLOOR_DB, measure, specimens
from deblurvid.build.process import build_in_process
from deblurvid.choose import CUDA_GENERATOR, DEFAULT_GENERATOR, load_generator
from deblurvid.errors import DeviceMemoryError
from deblurvid.events import Finished, Notice
from deblurvid.frames import PictureFormat
from deblurvid.graph.reach import reach_of
from tests import pictures
from tests.graph.generators import conv_rgb, save
from tests.media import make_video, read_pictures
from tests.pictures import same

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]

YUV420 = PictureFormat(source="yuv420", depth=8)
FORMATS = [
    PictureFormat(source=source, depth=depth)
    for source in ("yuv420", "yuv444", "gray", "rgb")
    for depth in (8, 10)
]
SIZE = (640, 360)


def open_gpu(picture=YUV420, size=SIZE, *, engine="fast", precision="auto"):
    return open_engine(engine, size=size, picture=picture, device="cuda:0", precision=precision)


def random_planes(picture, seed, size=SIZE):
    return pictures.random_planes(picture, seed, size)


@pytest.mark.parametrize("picture", FORMATS, ids=str)
def test_strength_zero_is_the_source(picture):
    """The kernels give every sample back where nothing is added, at 8 and 10 bits."""
    with open_gpu(picture) as engine:
        source = random_planes(picture, 1)
        engine.submit(source, strength=0)

        assert same(source, engine.collect().planes)


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("precision", ["fp16", "bf16", "fp32"])
@pytest.mark.parametrize("name", [DEFAULT_GENERATOR, CUDA_GENERATOR])
def test_parity_with_float32(name, precision, depth):
    """Restored pictures lie within the floor of what the CPU gives in float32, with no NaN."""
    if precision == "bf16" and not device_facts(0).has_bf16:
        pytest.skip("this GPU has no bf16")
    picture = PictureFormat(source="yuv420", depth=depth)
    with (
        open_gpu(picture, engine=name, precision=precision) as engine,
        open_engine(name, size=SIZE, picture=picture, device="cpu", precision="fp32") as cpu,
    ):
        found = measure(engine, cpu, specimens(SIZE, picture))

        assert engine.spec.precision == precision
    assert found.psnr_db >= FLOOR_DB
    assert found.invalid == 0


def test_parity_of_an_rgb_generator(tmp_path):
    """The matrix nodes run as they do on the CPU."""
    path = str(save(conv_rgb(0.5), tmp_path / "g.onnx"))
    with (
        open_gpu(engine=path, precision="fp16") as engine,
        open_engine(path, size=SIZE, picture=YUV420, device="cpu", precision="fp32") as cpu,
    ):
        assert measure(engine, cpu, specimens(SIZE, YUV420)).psnr_db >= FLOOR_DB


def test_the_full_ring_gives_what_one_at_a_time_gives():
    """500 pictures streamed equal, to the bit, the same engine's with nothing in flight."""
    with open_gpu() as engine:
        pictures = [random_planes(YUV420, seed) for seed in range(20)]
        alone = []
        for one in pictures:
            engine.submit(one, strength=1)
            alone.append(engine.collect().planes)
        wrong = []
        for number in range(500 + engine.slots):
            if number >= engine.slots:
                at = number - engine.slots
                if not same(engine.collect().planes, alone[at % 20]):
                    wrong.append(at)
            if number < 500:
                engine.submit(pictures[number % 20], strength=1)

    assert wrong == []


def test_copies_and_kernels_overlap():
    """With the ring full, a picture takes less than its upload, run and download one by one."""
    with open_gpu(size=(1920, 1080)) as engine:
        one = random_planes(YUV420, 1, (1920, 1080))
        alone = sum(engine.device_seconds(50).values())
        for _ in range(engine.slots):
            engine.submit(one, strength=1)
        begin = time.perf_counter()
        for _ in range(200):
            engine.collect()
            engine.submit(one, strength=1)
        streamed = (time.perf_counter() - begin) / 200

    assert streamed < alone


@pytest.mark.parametrize("depth", [8, 10])
def test_tiles_leave_no_trace(depth):
    """Cut into tiles, no sample is more than a code away: other sizes may have other kernels."""
    picture, size = PictureFormat(source="yuv420", depth=depth), (1280, 720)
    reach = reach_of(load_generator("fast"))
    tile = next(t for t in tile_sizes(size, reach) if t[0] < 900)
    one = random_planes(picture, 3, size)
    with (
        open_gpu(picture, size) as whole,
        TiledEngine(open_gpu(picture, tile), size, reach) as tiled,
    ):
        whole.submit(one, strength=1)
        tiled.submit(one, strength=1)
        pairs = zip(whole.collect().planes.samples, tiled.collect().planes.samples, strict=True)

        for ours, theirs in pairs:
            weights = np.array([1, 256][: len(ours)]).reshape(-1, 1, 1)
            codes = [(samples.astype(int) * weights).sum(0) for samples in (ours, theirs)]
            assert np.abs(codes[0] - codes[1]).max() <= 1


def test_nothing_is_left_on_the_device():
    """Opening, using and closing again and again takes no more memory each time."""
    free = []
    for seed in range(4):
        with open_gpu() as engine:
            engine.submit(random_planes(YUV420, seed), strength=1)
        free.append(free_memory(0))

    # The first engine loads kernels and libraries, which stay.
    assert free[-1] >= free[1] - (1 << 20)


def test_a_video_from_end_to_end(tmp_path):
    """The whole run on the GPU: all frames, none of them invalid or flat, nearly the CPU's."""
    source = make_video(tmp_path / "a.mkv", size=SIZE, codec="ffv1", frames=30)
    for device in ("cuda:0", "cpu"):
        target = tmp_path / f"{device[:3]}.mkv"
        *_, last = deblur_video(source, target, device=device, codec="ffv1")
        assert isinstance(last, Finished)
        assert (last.frames, last.invalid_frames, last.flat_frames) == (30, 0, 0)
    pairs = zip(
        read_pictures(tmp_path / "cud.mkv"), read_pictures(tmp_path / "cpu.mkv"), strict=True
    )
    for ours, theirs in pairs:
        for a, b in zip(ours, theirs, strict=True):
            assert np.abs(a.astype(int) - b).mean() < 0.5


def test_a_size_outside_the_usual_profile_is_restored():
    """Larger than 1920 on a side: a plan of its own, or tiles, but all of the picture."""
    size = (2048, 256)
    with open_gpu(size=size) as engine:
        source = random_planes(YUV420, 5, size)
        engine.submit(source, strength=0)

        assert same(source, engine.collect().planes)


def test_a_plan_at_a_path_gives_what_the_cached_one_gives(tmp_path):
    """`build-engine -o` and `--engine FILE.plan`, with not a word against it."""
    from deblurvid.cli import main

    plan, told = tmp_path / "fast.plan", []
    assert main(["build-engine", "fast", "-o", str(plan), "--progress", "none"]) == 0
    source = random_planes(YUV420, 7)
    found = []
    for engine in ("fast", str(plan)):
        with open_engine(
            engine, size=SIZE, picture=YUV420, device="cuda:0", on_build=told.append
        ) as opened:
            opened.submit(source, strength=1)
            found.append(opened.collect().planes)

    assert not [event for event in told if isinstance(event, Notice)]
    for ours, theirs in zip(*(planes.samples for planes in found), strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_a_plan_for_tiles_restores_a_large_picture(monkeypatch):
    """Where no plan can be built for its size, the usual one restores it in tiles."""

    def build(request, on_progress):
        if request.profile.largest[0] > 1920:
            raise DeviceMemoryError("no memory to build")
        return build_in_process(request, on_progress)

    monkeypatch.setattr(ready, "build_in_process", build)
    size = (2304, 640)
    with open_gpu(size=size) as engine:
        source = random_planes(YUV420, 5, size)
        engine.submit(source, strength=0)

        assert "tiles of" in engine.spec.device
        assert same(source, engine.collect().planes)


def test_throughput_is_told():
    """`deblurvid bench --device cuda` gives its figures, and a share of the roof below 1."""
    from deblurvid.judge.bench import BenchOptions, bench

    options = BenchOptions(size=(1280, 720), frames=60, device="cuda:0", with_usual=False)
    found = bench(options, lambda _: None)

    assert found.device is not None
    assert found.run.frames_per_second > 1
    assert 0 < found.device.share_of_roof < 1
