"""A film of ten minutes through the whole way: `python -m tests.matrix.film [MINUTES]`.

Prints what it took and whether memory, timestamps and the sound's place beside the picture held.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import mean
from time import perf_counter

from deblurvid.judge.memory import memory_of_run
from tests.ffmpeg_tools import ffmpeg, ffprobe_json

RATE = 30
SIZE = "1280x720"
LOOP_SECONDS = 10
"""So much is encoded; its packets are repeated."""
WARM_FRAMES = 500
"""Until then queues, decoder and encoder fill."""
SAMPLE_EVERY = 100
MOST_BYTES, MOST_SHARE = 8 << 20, 0.02
"""How much more the last quarter may take than the first: the larger of the two."""
SHOWN = ("-show_entries", "stream=time_base:packet=pts", "-show_packets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one film gave."""

    seconds: float
    """Wall clock of the run, its process included."""
    frames: int
    """Written, as ffprobe counts them."""
    expected: int
    first_bytes: float
    """Mean resident memory of the first quarter after the warm-up."""
    last_bytes: float
    """The same of the last quarter."""
    peak_bytes: int
    late: Fraction
    """Seconds by which the worst timestamp is off, in ticks of the output."""
    drift: Fraction
    """Seconds by which sound and picture end further apart than in the source."""

    @property
    def flat(self) -> bool:
        """Whether memory did not grow with the film."""
        return self.last_bytes - self.first_bytes <= max(MOST_BYTES, MOST_SHARE * self.first_bytes)

    @property
    def in_time(self) -> bool:
        """Whether every frame is there and in its place, and sound ends where it did."""
        return (
            self.frames == self.expected and self.late == 0 and abs(self.drift) < Fraction(1, RATE)
        )

    def __str__(self) -> str:
        rate = self.frames / self.seconds
        first, last, most = map(_mega, (self.first_bytes, self.last_bytes, self.peak_bytes))
        lines = (
            f"{self.frames} of {self.expected} frames in {self.seconds:.0f} s ({rate:.0f} fps)",
            f"memory: first quarter after {WARM_FRAMES} frames {first}, last {last}, peak {most}",
            f"worst timestamp: {float(self.late):.6f} s off",
            f"sound against picture at the end: {float(self.drift):.6f} s off",
        )
        return "\n".join(lines)


def _mega(size: float) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def make_film(path: Path, minutes: Fraction) -> None:
    """Write a film of 1280x720 with sound; only its first seconds are ever encoded."""
    loop = path.with_stem("loop")
    picture = f"testsrc2=size={SIZE}:rate={RATE}:duration={LOOP_SECONDS}"
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", 2, "-pix_fmt", "yuv420p")
    ffmpeg("-f", "lavfi", "-i", picture, *coded, f"file:{loop}")
    seconds = round(minutes * 60)
    wave = f"sine=frequency=440:sample_rate=48000:duration={seconds}"
    again = ("-stream_loop", seconds // LOOP_SECONDS - 1, "-i", f"file:{loop}")
    ffmpeg(*again, "-f", "lavfi", "-i", wave, "-c:v", "copy", "-c:a", "aac", f"file:{path}")
    loop.unlink()


def measure(folder: Path, minutes: Fraction) -> Figures:
    """Make a film in `folder`, restore it with the identity engine, and compare by ffprobe."""
    source, target = folder / "film.mp4", folder / "restored.mp4"
    make_film(source, minutes)
    options = {"engine": "identity", "encoder_options": {"preset": "ultrafast"}}
    began = perf_counter()
    memory = memory_of_run(source, target, options, every=SAMPLE_EVERY)
    seconds = perf_counter() - began
    sizes = [size for frame, size in memory.samples if frame > WARM_FRAMES]
    quarter = max(1, len(sizes) // 4)
    before, after = _times(source, "v:0"), _times(target, "v:0")
    pairs = zip(before, after, strict=False)
    apart = [
        _times(path, "a:0")[-1] - video[-1] for path, video in ((source, before), (target, after))
    ]
    return Figures(
        seconds=seconds,
        frames=len(after),
        expected=round(minutes * 60 * RATE),
        first_bytes=mean(sizes[:quarter]),
        last_bytes=mean(sizes[-quarter:]),
        peak_bytes=memory.peak_bytes or 0,
        late=max(abs(old - new) for old, new in pairs),
        drift=apart[1] - apart[0],
    )


def _times(path: Path, spec: str) -> list[Fraction]:
    """When each packet of a stream is shown, rising, in exact seconds."""
    said = ffprobe_json(path, "-select_streams", spec, *SHOWN)
    base = Fraction(said["streams"][0]["time_base"])
    return [tick * base for tick in sorted(packet["pts"] for packet in said["packets"])]


def main(arguments: list[str]) -> int:
    """Measure, print; 1 where a promise is not kept."""
    minutes = Fraction(arguments[0]) if arguments else Fraction(10)
    with tempfile.TemporaryDirectory(prefix="deblurvid-film-") as folder:
        figures = measure(Path(folder), minutes)
    sys.stdout.write(f"{figures}\n")
    return 0 if figures.flat and figures.in_time else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
