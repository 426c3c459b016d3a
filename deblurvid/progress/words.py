"""Events and figures in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deblurvid.events import Built, FileEnded, Finished, FolderStarted, Sampled, Started

_CHECKED = {
    "fast": "checked: frame count, timestamps and streams",
    "full": "checked: frame count, timestamps and streams, and every frame decodes",
    "counted": "checked: frame count",
    "decoded": "checked: frame count, and every frame decodes",
    "off": "not checked",
}


def started_lines(event: Started) -> tuple[str, str]:
    """What is restored from where to where, and by what."""
    info = event.info
    rate = f", {float(info.frame_rate):.6g} fps" if info.frame_rate else ""
    count = f", {counted(event.frame_count, 'frame')}" if event.frame_count else ""
    source = f"{event.source} ({info.codec} {info.width}x{info.height} {info.pixel_format}"
    return f"{source}{rate}{count}) -> {event.target}", f"{event.engine}; encoder {event.encoder}"


def finished_line(event: Finished) -> str:
    """What was written, how fast, and how it was checked."""
    fresh = event.frames - event.resumed_frames
    speed = f" ({fresh / event.seconds:.1f} fps)" if event.seconds else ""
    kept = f", {event.resumed_frames} more kept from before" if event.resumed_frames else ""
    return (
        f"{event.target}: {counted(fresh, 'frame')} in {event.seconds:.1f} s{speed}{kept}, "
        f"{size_text(event.size_bytes)}; {_CHECKED[event.verified]}"
    )


def sampled_lines(event: Sampled) -> tuple[str, str]:
    """What the whole would take, what that assumes, and where to look."""
    look = f"{event.page}: the sample beside the source"
    if event.whole_frames is None or event.whole_seconds is None or event.whole_bytes is None:
        return "the source does not say how long it is, so nothing is predicted of the whole", look
    if event.frames == event.whole_frames:
        return "the sample is the whole", look
    took = f"{duration_text(event.whole_seconds)} and {size_text(event.whole_bytes)}"
    whole = (
        f"the whole, {counted(event.whole_frames, 'frame')}, would take {took}, if this machine has as "
        "much time for it as now, and all of it needs as many bytes a frame as this part, its "
        "busiest: mostly fewer"
    )
    return whole, look


def folder_line(event: FolderStarted) -> str:
    """What is restored from where to where."""
    kept = f", {event.skipped} more are there already" if event.skipped else ""
    return f"{event.source} -> {event.target}: {event.files} files{kept}"


def ended_line(event: FileEnded) -> str:
    """What became of one file of a folder."""
    if event.outcome == "failed":
        return f"failed: {event.file}: {event.why}"
    return f"{event.file}: {counted(event.frames, 'frame')} in {event.seconds:.2f} s, {size_text(event.size_bytes)}"


def built_line(event: Built) -> str:
    """Which plan is there, what it took, and how far it lies from float32."""
    took = f"built in {event.seconds:.1f} s"
    if event.reused:
        took = f"from the cache, {took}"
    check = event.parity or "not compared with float32"
    return f"{event.path}: {size_text(event.size_bytes)}, {took}; {check}"


def counted(count: int, noun: str) -> str:
    """1 frame, 2 frames."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration_text(seconds: float) -> str:
    """h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def size_text(size_bytes: float) -> str:
    """Bytes with a decimal unit: 999 B, 12.3 kB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 999.95:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def printable(text: str) -> str:
    """`text` as one line that a terminal shows and never obeys.

    Names of files, streams and generators come from outside and may hold escape codes.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )
