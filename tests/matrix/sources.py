"""Makes the file of a case with FFmpeg's own program; nothing of deblurvid takes part."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.ffmpeg_tools import ffmpeg

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix.pairwise import Case

FRAMES = 20
RATE = 25
SECONDS = FRAMES / RATE
HIDDEN_SECONDS = 0.28
"""How much of its beginning an edit list hides."""
LATE_SECONDS = 0.48
"""How much later than the sound a late picture begins."""
SIZES = ("96x64", "64x48", "160x120", "82x66")

_VIDEO = {
    "h264": ("libx264", "-preset", "ultrafast", "-crf", 10, "-g", 30, "-bf", 0),
    "hevc": (
        "libx265", "-preset", "ultrafast", "-crf", 10,
        "-x265-params", "log-level=error:bframes=0:keyint=30:pools=1",
    ),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8, "-crf", 20, "-b", 0),
    "av1": ("libaom-av1", "-cpu-used", 8, "-usage", "realtime", "-crf", 20),
    "mpeg2": ("mpeg2video", "-q", 3, "-g", 30, "-bf", 0),
    "prores": ("prores_ks",),
    "mjpeg": ("mjpeg", "-q", 3),
    "ffv1": ("ffv1", "-slices", 4),
}  # fmt: skip
_BFRAMES = {
    "h264": ("-bf", 2),
    "hevc": ("-x265-params", "log-level=error:bframes=2:keyint=30:pools=1"),
    "mpeg2": ("-bf", 2),
}
_LOOKS = {
    "bt709": (1, "bt709", "bt709", "bt709"),
    "full": (2, "bt709", "bt709", "bt709"),
    "pq": (1, "bt2020", "smpte2084", "bt2020nc"),
}
_SOUND = {
    "webm": ("libopus", "-b:a", "64k"),
    "ts": ("mp2",),
    "avi": ("libmp3lame", "-b:a", "96k"),
}
_AAC = ("aac", "-b:a", "96k")
_SOUNDS = {
    "aac": _AAC,
    "opus": ("libopus", "-b:a", "64k"),
    "vorbis": ("libvorbis",),
    "pcm": ("pcm_s16le",),
}
_SECOND = {"webm": ("libvpx-vp9", "yuv420p"), "avi": ("mjpeg", "yuvj420p")}
_TEXTS = {"srt": "srt", "ass": "ass", "movtext": "mov_text"}
_BITMAPS = {"mkv": "copy", "mp4": "dvdsub", "ts": "dvbsub"}

_SRT = """1
00:00:00,100 --> 00:00:00,300
First line

2
00:00:00,400 --> 00:00:00,640
Zweite Zeile: äöü 字幕
"""
_METADATA = """;FFMETADATA1
title=A film
artist=Somebody
comment=Nothing to add
date=2021
[CHAPTER]
TIMEBASE=1/1000
START=0
END=300
title=Opening
[CHAPTER]
TIMEBASE=1/1000
START=300
END=800
title=Ende: äöü 字幕
"""
_TAGS = ("-metadata", "title=A film", "-metadata", "artist=Somebody", "-metadata", "date=2021")


def make_source(case: Case, folder: Path) -> Path:
    """Write the source of a case into `folder`, and give its path."""
    path = folder / f"source.{case['container']}"
    edit, turned = case["timing"] == "editlist", case["look"] == "rotated"
    steps = [path.with_stem(f"step{number}") for number in range(edit + turned)] + [path]
    inputs, outputs = _inputs(case, folder), _outputs(case, folder)
    ffmpeg(*inputs, *outputs, f"file:{steps[0]}")
    if turned:
        copy = ("-map", 0, "-map", "-0:d?", "-c", "copy", "-metadata:s:v:0", "rotate=90")
        ffmpeg("-i", f"file:{steps[0]}", *copy, *_clock(case), f"file:{steps[1]}")
    if edit:
        # Copied from between two key frames: the frames before are there, and an edit list says
        # that they are not shown.
        cut = ("-map", 0, "-map", "-0:d?", "-c", "copy", *_clock(case))
        ffmpeg("-ss", HIDDEN_SECONDS, "-i", f"file:{steps[-2]}", *cut, f"file:{path}")
    return path


def _inputs(case: Case, folder: Path) -> list[object]:
    """The pictures, two sounds, and what else the set of streams needs, each an input."""
    size = SIZES[sum(map(ord, "".join(case.values()))) % len(SIZES)]
    picture = f"testsrc2=size={size}:rate={RATE}:duration={SECONDS}"
    inputs: list[object] = ["-itsoffset", LATE_SECONDS] if case["timing"] == "late" else []
    inputs += ["-f", "lavfi", "-i", picture]
    for pitch in (300, 500):
        # Rises, so that no part of it is like another.
        wave = f"aevalsrc=0.4*sin(2*PI*({pitch}+900*t)*t):s=48000:d={SECONDS}"
        inputs += ["-f", "lavfi", "-i", wave]
    match case["streams"]:
        case "srt" | "ass" | "movtext":
            (folder / "text.srt").write_text(_SRT, encoding="utf-8")
            inputs += ["-i", folder / "text.srt"]
        case "bitmap":
            (folder / "bitmap.sup").write_bytes(_pgs())
            inputs += ["-i", folder / "bitmap.sup"]
        case "chapters":
            (folder / "chapters.txt").write_text(_METADATA, encoding="utf-8")
            inputs += ["-i", folder / "chapters.txt"]
        case "twovideos":
            inputs += ["-f", "lavfi", "-i", f"mandelbrot=size=64x48:rate={RATE}"]
        case "cover":
            _draw_cover(folder / "cover.jpg")
            if case["container"] == "mp4":
                inputs += ["-i", folder / "cover.jpg"]
        case _:
            pass
    return inputs


def _outputs(case: Case, folder: Path) -> list[object]:
    """What becomes of the inputs; streams of one kind in the order in which they are mapped."""
    streams = case["streams"]
    outputs: list[object] = ["-map", "0:v", *_video(case)]
    if streams != "silent":
        outputs += ["-map", "1:a"]
        if streams == "languages":
            outputs += ["-map", "2:a"]
        sound = _SOUNDS.get(streams) or _SOUND.get(case["container"], _AAC)
        outputs += ["-c:a", *sound, "-metadata:s:a:0", "language=eng"]
    outputs += [*_beside(case, folder), *_TAGS, *_clock(case), "-t", SECONDS + LATE_SECONDS]
    return outputs


def _beside(case: Case, folder: Path) -> list[object]:
    """Options for the streams beside the first video and the first sound."""
    container, streams = case["container"], case["streams"]
    match streams:
        case "languages":
            return [
                "-metadata:s:a:0", "title=Film", "-metadata:s:a:1", "language=jpn",
                "-metadata:s:a:1", "title=Commentary", "-disposition:a:0", 0,
                "-disposition:a:1", "default+comment",
            ]  # fmt: skip
        case "srt" | "ass" | "movtext":
            return [
                "-map", "3:s", "-c:s", _TEXTS[streams], "-metadata:s:s:0", "language=ger",
                "-metadata:s:s:0", "title=Deutsch", "-disposition:s:0", "forced",
            ]  # fmt: skip
        case "bitmap":
            named = ("-metadata:s:s:0", "language=fre")
            # PGS has no durations, and MP4 wants some.
            timed = ("-bsf:s", "setts=duration=0.2/TB") if container == "mp4" else ()
            return ["-map", "3:s", "-c:s", _BITMAPS[container], *timed, *named]
        case "chapters":
            return ["-map_metadata", 3, "-map_chapters", 3]
        case "attachment":
            (folder / "a font.ttf").write_bytes(bytes(range(256)) * 9)
            mime = "mimetype=application/x-truetype-font"
            return ["-attach", folder / "a font.ttf", "-metadata:s:t:0", mime]
        case "cover" if container == "mkv":
            return ["-attach", folder / "cover.jpg", "-metadata:s:t:0", "mimetype=image/jpeg"]
        case "cover":
            return ["-map", "3:v", "-c:v:1", "copy", "-disposition:v:1", "attached_pic"]
        case "timecode":
            return ["-timecode", "01:02:03:04"]
        case "twovideos":
            second, form = _SECOND.get(container, ("libx264", "yuv420p"))
            return ["-map", "3:v", "-c:v:1", second, "-pix_fmt:v:1", form, "-frames:v:1", 12,
                    "-bf:v:1", 0, "-metadata:s:v:1", "language=ita"]  # fmt: skip
        case _:
            return []


def _video(case: Case) -> list[object]:
    """Filters, encoder and tags of the first video."""
    codec, pixels, look = case["codec"], case["pixels"], case["look"]
    filters = []
    if case["timing"] == "vfr":
        # MPEG-2 knows whole frame rates only, so pictures are left out there.
        filters += (
            ["select='not(eq(mod(n,5),3))'"]
            if codec == "mpeg2"
            else ["settb=1/1000", "setpts='N*40+9*mod(N,3)'"]
        )
    if look == "sar":
        filters.append("setsar=4/3")
    form = "yuv444p10le" if (codec, pixels) == ("prores", "yuv444p12le") else pixels
    form = pixels.replace("yuv", "yuvj") if codec == "mjpeg" else form
    filters.append(f"format={form}")
    encoder, *rest = _VIDEO[codec]
    options: list[object] = list(rest)
    if (codec, pixels) == ("h264", "gbrp"):
        encoder, filters[-1] = "libx264rgb", "format=rgb24"
    if case["timing"] == "bframes":
        options += _BFRAMES[codec]
    if case["timing"] == "vfr" and codec != "mpeg2":
        options += ["-enc_time_base", "1:1000"]
    if look in _LOOKS:
        names = ("-color_range", "-color_primaries", "-color_trc", "-colorspace")
        options += [part for pair in zip(names, _LOOKS[look], strict=True) for part in pair]
    # Said of the first video alone: a second one is made otherwise.
    first = [f"{part}:v:0" if str(part).startswith("-") else part for part in options]
    return ["-filter:v:0", ",".join(filters), "-c:v:0", encoder, *first, "-vsync", "passthrough"]


def _clock(case: Case) -> list[object]:
    """MP4's ticks, fine enough for a rate that varies."""
    return ["-video_track_timescale", 90_000] if case["container"] in ("mp4", "mov") else []


def _draw_cover(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "smptebars=size=32x32", "-frames:v", 1, f"file:{path}")


def _pgs() -> bytes:
    """Two pictures of 16 x 4 samples as Blu-ray's subtitles, each shown and taken away again."""
    return b"".join(_display_set(start, number) for number, start in enumerate((0.1, 0.45)))


def _display_set(seconds: float, number: int) -> bytes:
    width, height = 16, 4
    line = bytes([number + 1]) * width + b"\0\0"
    bitmap = line * height
    size = len(bitmap) + 4
    window = struct.pack(">BBHHHH", 1, 0, 8, 8, width, height)
    palette = b"\0\0" + bytes([1, 200, 128, 128, 255]) + bytes([2, 90, 128, 128, 255])
    drawn = struct.pack(">HBB", 0, 0, 0xC0) + size.to_bytes(3, "big")
    drawn += struct.pack(">HH", width, height) + bitmap

    def composition(state: int, count: int) -> bytes:
        screen = struct.pack(
            ">HHBHBBBB", 96, 64, 0x10, number * 2 + (not count), state, 0, 0, count
        )
        return screen + (struct.pack(">HBBHH", 0, 0, 0, 8, 8) if count else b"")

    begin = [(0x16, composition(0x80, 1)), (0x17, window), (0x14, palette), (0x15, drawn)]
    end = [(0x16, composition(0x00, 0)), (0x17, window)]
    return b"".join(
        _segment(kind, data, time)
        for time, parts in ((seconds, begin), (seconds + 0.2, end))
        for kind, data in [*parts, (0x80, b"")]
    )


def _segment(kind: int, data: bytes, seconds: float) -> bytes:
    stamp = round(seconds * 90_000)
    return b"PG" + struct.pack(">IIBH", stamp, 0, kind, len(data)) + data
