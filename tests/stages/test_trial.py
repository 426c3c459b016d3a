"""Encoders that need a device are used only where a picture truly comes out of them."""

import av
import pytest
from av.codec.codec import Capabilities

from deblurvid.errors import EncoderError
from deblurvid.stages import trial
from deblurvid.stages.encoders import EncoderChoice
from deblurvid.stages.trial import refuse_absent_hardware

HARDWARE = [
    name
    for name in ("h264_nvenc", "hevc_nvenc", "h264_qsv", "h264_v4l2m2m", "h264_amf")
    if name in av.codecs_available
]


def choice(codec, pixel_format="yuv420p", **options):
    return EncoderChoice(codec=codec, options=options, pixel_format=pixel_format)


@pytest.mark.parametrize("codec", HARDWARE)
def test_what_fails_is_refused_with_ffmpegs_reason(codec):
    """The first line of FFmpeg's log is told; where the encoder works, nothing is raised."""
    pixel_format = "nv12" if codec == "h264_qsv" else "yuv420p"
    reason = trial._why_not(codec, pixel_format, {})
    if reason is None:
        refuse_absent_hardware(choice(codec, pixel_format))
        return
    with pytest.raises(EncoderError) as caught:
        refuse_absent_hardware(choice(codec, pixel_format))
    assert f"encoder {codec} does not work here: " in str(caught.value)


def test_hardware_is_what_ffmpeg_calls_so(monkeypatch):
    """Encoders of FFmpeg's that need a device are tried with the run's options, others are not."""
    tried = []
    monkeypatch.setattr(trial, "_why_not", lambda *args: tried.append(args))
    device = Capabilities.hardware | Capabilities.hybrid
    for codec in (*HARDWARE, "libx264", "ffv1"):
        refuse_absent_hardware(choice(codec, preset="x"))

    needed = [codec for codec in HARDWARE if av.Codec(codec, "w").capabilities & device]
    assert tried == [(codec, "yuv420p", {"preset": "x"}) for codec in needed]
    assert needed


def test_a_complaint_is_heard_every_time():
    """The second run with the same misspelt parameter is refused as the first: lines may repeat."""
    from deblurvid.stages.ffmpeg import overheard

    found = []
    for _ in range(2):
        lines = []
        with overheard(lines):
            context = av.CodecContext.create("libx264", "w")
            context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
            context.framerate, context.options = 25, {"x264-params": "nosuch=1"}
            context.open()
        found.append(lines)

    assert found[0] == found[1] == ["Error parsing option 'nosuch = 1'."]
