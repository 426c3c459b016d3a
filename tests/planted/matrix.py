"""Faults of the whole way, each found by a case of the matrix: by FFmpeg's own programs."""

from tests.planted.fault import Fault

STAGES = "deblurvid/stages/"


def case(name: str) -> tuple[str, ...]:
    """The test of a case."""
    return (f"tests/matrix/test_matrix.py::test_a_run_keeps_everything_or_says_what_not[{name}]",)


FAULTS = (
    Fault(
        "matrix: chroma swapped on the way back",
        STAGES + "pack.py",
        "in zip(target.rows(frame), item",
        "in zip([target.rows(frame)[n] for n in (0, 2, 1)], item",
        case("mkv-mpeg2-yuv422p-vfr-attachment-plain-lossless-ts"),
    ),
    Fault(
        "matrix: high and low bytes swapped",
        STAGES + "pack.py",
        "low, high = samples",
        "high, low = samples",
        case("mkv-prores-yuv422p10le-vfr-srt-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: the second sound lost silently",
        STAGES + "streams.py",
        '    if not reason:\n        return StreamPlan(stream=stream, fate="copy")',
        "    if not reason:\n"
        '        return StreamPlan(stream=stream, fate="copy" if stream.index < 2 else "regenerate")',
        case("mov-hevc-yuv444p10le-editlist-languages-pq-default-mp4"),
    ),
    Fault(
        "matrix: languages lost",
        STAGES + "streams.py",
        "key.lower() not in _STALE_TAGS and",
        'key.lower() not in (*_STALE_TAGS, "language") and',
        case("mkv-prores-yuv422p10le-vfr-srt-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: dispositions lost",
        STAGES + "streams.py",
        "    target.disposition = source.disposition\n",
        "",
        case("mkv-prores-yuv422p10le-vfr-srt-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: tags of the file lost",
        STAGES + "mux.py",
        "container.metadata.update(fresh_tags(source.metadata))",
        "container.metadata.update({})",
        case("mkv-prores-yuv422p10le-vfr-srt-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: chapters begin later",
        STAGES + "streams.py",
        '"start": round((max(begin, first) - span.shift) / base)',
        '"start": round((max(begin, first) - span.shift + Fraction(1, 25)) / base)',
        case("mkv-prores-yuv422p10le-vfr-chapters-sar-lossless-mp4"),
    ),
    Fault(
        "matrix: timestamps rounded before they are noted",
        STAGES + "decode.py",
        "item.pts = clock.stamp(item)",
        "item.pts = clock.stamp(item) // 4 * 4",
        case("mkv-prores-yuv422p10le-vfr-srt-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: every frame one frame late",
        STAGES + "decode.py",
        "        item.pts -= shift\n",
        "        item.pts += round(Fraction(1, 25) / base) - shift\n",
        case("mov-hevc-yuv444p10le-editlist-languages-pq-default-mp4"),
    ),
    Fault(
        "matrix: the decoder's last frames lost",
        STAGES + "decode.py",
        "in itertools.chain(packets, [None]):",
        "in packets:",
        case("mkv-hevc-yuv420p12le-bframes-vorbis-bt709-lossless-mkv"),
    ),
    Fault(
        "matrix: a stream left out without a notice",
        "deblurvid/stages/losses.py",
        "losses = [plan.loss for plan in plans if plan.loss]",
        "losses: list[str] = []",
        case("mkv-mpeg2-yuv422p-vfr-attachment-plain-lossless-ts"),
    ),
    Fault(
        "matrix: colour range lost",
        STAGES + "encode.py",
        "        setattr(context, field, number)\n",
        '        setattr(context, field, 0 if field == "color_range" else number)\n',
        case("mkv-vp9-yuv422p-late-srt-full-default-mp4"),
    ),
    Fault(
        "matrix: sample aspect ratio lost",
        STAGES + "encode.py",
        "context.sample_aspect_ratio = source.sample_aspect_ratio or unknown",
        "context.sample_aspect_ratio = Fraction(0, 1)",
        case("mkv-prores-yuv422p10le-vfr-chapters-sar-lossless-mp4"),
    ),
    Fault(
        "matrix: rotation lost",
        STAGES + "encode.py",
        "if matrix is not None:",
        "if matrix is not None and not matrix:",
        case("mp4-hevc-yuv444p12le-editlist-silent-rotated-lossless-mov"),
    ),
    Fault(
        "matrix: a cover picture lost silently",
        STAGES + "streams.py",
        'if muxer == "mp4":\n        return StreamPlan(stream=cover, fate="copy")',
        'if muxer == "mp4":\n        return StreamPlan(stream=cover, fate="regenerate")',
        case("mp4-h264-gray-editlist-cover-plain-lossless-mp4"),
    ),
)
