"""How a video is restored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from deblurvid.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from deblurvid.backends.base import Engine, EngineFactory
    from deblurvid.events import Event

OnCorrupt = Literal["keep", "drop", "fail"]
"""What becomes of frames that the decoder calls corrupt."""
MOST_FRAMES_A_SECOND = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a video is restored; every field has a default that suits most."""

    engine: str | Engine | EngineFactory = "auto"
    """auto (base on CUDA, else fast), identity, the name of a shipped generator, the path of an ONNX
    file or a plan; a function that opens an engine for the (width, height) and `PictureFormat` that
    it is given, such as a class of engines; or an engine that is open already: it must fit, and stays
    open."""
    device: str = "auto"
    """auto, cpu, gpu, npu or cuda[:N]."""
    precision: str = "auto"
    """auto, fp32, bf16 or fp16."""
    strength: float = 1.0
    """From 0, the source, to 1, the restored picture."""
    codec: str | None = None
    """FFmpeg's name of an encoder; None for one that plays everywhere."""
    encoder_options: dict[str, str] = field(default_factory=dict)
    """FFmpeg's options of that encoder, such as crf, preset, x265-params."""
    start: Fraction | float | None = None
    """Seconds into the source at which to begin."""
    duration: Fraction | float | None = None
    """Seconds of the source to restore."""
    on_corrupt: OnCorrupt = "keep"
    """What becomes of frames that the decoder calls corrupt: keep restores them as they are, drop
    leaves them out, fail ends the run."""
    deinterlace: bool = False
    """Make one progressive picture of each two fields, by FFmpeg's bwdif."""
    one_image: bool = False
    """The target is one image by the name that it has, even if there is %d in it."""
    overwrite: bool = False
    """Replace an existing target."""
    strict: bool = False
    """Fail where something of the source is lost, instead of a notice."""
    on_build: Callable[[Event], None] | None = None
    """Is told Building, Built and Notices while an engine is being opened, before Started."""
    resumable: bool = False
    """Keep finished segments beside the target until all is done, and go on from those kept."""
    stall_timeout: float = 60.0
    """Seconds without a byte after which a pipe counts as dead; 0 waits for ever."""
    verify: Literal["fast", "full", "off"] = "fast"
    """fast reads the finished file's packets, full decodes it, off trusts."""

    input_format: str | None = None
    """FFmpeg's demuxer; None to tell it by the bytes. rawvideo needs `size` and `pixel_format`."""
    size: tuple[int, int] | None = None
    """Width and height of rawvideo."""
    pixel_format: str | None = None
    """FFmpeg's name of the pixel format of rawvideo."""
    frame_rate: Fraction | None = None
    """Frames a second of rawvideo and images, which do not say it; None for 25."""
    format: str | None = None
    """FFmpeg's muxer; None to tell it by the target's suffix. A pipe has none, so it needs this."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength is {self.strength}; it must be within 0 and 1")
        if self.start is not None and self.start < 0:
            raise UsageError(f"start is {float(self.start)} s; it must not be negative")
        if self.duration is not None and self.duration <= 0:
            raise UsageError(f"duration is {float(self.duration)} s; it must be above 0")
        if not self.stall_timeout >= 0:
            raise UsageError(f"stall_timeout is {self.stall_timeout} s; it must not be negative")
        if self.frame_rate is not None and not 0 < self.frame_rate <= MOST_FRAMES_A_SECOND:
            raise UsageError(
                f"frame_rate is {self.frame_rate}; it must be above 0 and at most "
                f"{MOST_FRAMES_A_SECOND}"
            )
        if self.verify not in ("fast", "full", "off"):
            raise UsageError(f"verify is {self.verify!r}; use fast, full or off")
        if self.on_corrupt not in get_args(OnCorrupt):
            raise UsageError(f"on_corrupt is {self.on_corrupt!r}; use keep, drop or fail")
