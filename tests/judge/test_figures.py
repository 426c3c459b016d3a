"""The arithmetic of a benchmark, on numbers whose answers are known."""

from dataclasses import replace

import pytest

from deblurvid.judge.figures import Cost, DeviceFigures, Figures, Growth, bound_seconds


def cost(name, wall, cpu, frames=10):
    return Cost(name=name, frames=frames, wall_seconds=wall, cpu_seconds=cpu)


STAGES = (cost("decode", 1.0, 2.0), cost("deblur", 4.0, 7.0), cost("encode", 3.0, 5.0))
FIGURES = Figures(
    size=(64, 48),
    pixel_format="yuv420p",
    generator="g",
    precision="fp32",
    isa=None,
    engine="an engine",
    encoder="an encoder",
    cores=2,
    engine_waits=False,
    stages=STAGES,
    run=cost("whole run", 8.4, 14.0),
    busy_seconds={"decode": 1.0, "engine": 4.0, "encode": 3.0},
    usual=cost("usual loop", 42.0, 42.0, frames=20),
    peak_rss_bytes=1,
    device=None,
)


def test_the_stages_share_the_cores():
    """14 CPU seconds on 2 cores cannot be done in less than 7."""
    assert bound_seconds(STAGES, cores=2, engine_waits=False) == 7.0


def test_the_slowest_stage_decides_where_the_engine_only_waits():
    """Then the processor is not what is short."""
    assert bound_seconds(STAGES, cores=2, engine_waits=True) == 4.0


def test_a_run_is_divided_by_its_bound():
    """8.4 s over 7 s, and over 4 s where the engine waits."""
    assert FIGURES.run_over_bound == pytest.approx(1.2)
    assert replace(FIGURES, engine_waits=True).run_over_bound == pytest.approx(2.1)


def test_a_run_is_compared_with_the_usual_loop_by_frames_a_second():
    """10 frames in 8.4 s against 20 in 42 s: the counts need not be equal."""
    assert FIGURES.times_usual == pytest.approx((10 / 8.4) / (20 / 42))
    assert replace(FIGURES, usual=None).times_usual is None


def test_shares_are_of_the_threads():
    """Of 10 s of the processors 2 + 1 are decode's, 4 engine's; of the clock's 20 it is 6 and 8."""
    names = ["demux, decode", "unpack", "deblur", "pack", "encode", "mux"]
    walls, cpus = [4, 2, 8, 1, 4, 1], [2, 1, 4, 0.5, 2, 0.5]
    figures = replace(FIGURES, stages=tuple(map(cost, names, walls, cpus)))

    assert figures.shares == pytest.approx({"decode": 0.3, "engine": 0.4, "encode": 0.3})
    waiting = replace(figures, engine_waits=True, stages=(cost("deblur", 3, 0), cost("mux", 1, 9)))
    assert waiting.shares == pytest.approx({"decode": 0, "engine": 0.75, "encode": 0.25})


def test_costs_are_given_a_frame():
    """Ten frames in 8.4 s by the clock and 14 s of the processors."""
    assert FIGURES.run.wall_ms_a_frame == pytest.approx(840)
    assert FIGURES.run.cpu_ms_a_frame == pytest.approx(1400)
    assert FIGURES.cores_busy == pytest.approx(14 / 8.4)


def test_growth_counts_from_its_first_frame_on():
    """What a run takes while its buffers fill is no growth."""
    samples = tuple(
        (frame, 1000 + (0 if frame < 500 else 3 * frame)) for frame in range(0, 901, 50)
    )
    growth = Growth(samples=samples, first_frame=500)

    assert growth.ends == ((500, 2500), (900, 3700))
    assert growth.growth_bytes == 1200
    assert growth.slope_bytes_a_frame == pytest.approx(3)


def test_the_slope_is_of_the_line_that_fits_best():
    """One high sample at the end is growth, but hardly a slope."""
    samples = (*tuple((frame, 0) for frame in range(0, 100, 10)), (100, 1100))
    growth = Growth(samples=samples, first_frame=0)

    assert growth.growth_bytes == 1100
    assert growth.slope_bytes_a_frame == pytest.approx(
        1100 * 50 / (2 * 10**2 * (1 + 4 + 9 + 16 + 25))
    )


def test_one_sample_tells_no_growth():
    """Better an error than a zero that was not measured."""
    with pytest.raises(ValueError, match="less than twice"):
        Growth(samples=((500, 1), (100, 1)), first_frame=500)


def test_the_roof_is_what_the_device_could_compute():
    """1e12 operations in 10 ms on a device of 400e12 a second use a quarter of it."""
    device = DeviceFigures(
        name="a GPU",
        upload_seconds=0.001,
        run_seconds=0.01,
        download_seconds=0.001,
        operations=10**12,
        peak_operations_per_second=400e12,
    )

    assert device.share_of_roof == pytest.approx(0.25)
    assert replace(device, operations=None).share_of_roof is None
    assert replace(device, peak_operations_per_second=None).share_of_roof is None
