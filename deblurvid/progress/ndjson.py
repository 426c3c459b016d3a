"""Events as JSON, one object a line."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from deblurvid.events import (
    Building,
    Built,
    Comparing,
    FileEnded,
    FileStarted,
    Finished,
    FolderFinished,
    FolderStarted,
    FrameDone,
    Notice,
    Sampled,
    Started,
)
from deblurvid.progress.display import NoDisplay
from deblurvid.progress.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.events import FolderEvent
    from deblurvid.progress.display import Failure

FRAME_SECONDS = 0.1
"""Between two frame objects."""


class JsonDisplay(NoDisplay):
    """One JSON object a line (NDJSON), for programs. Keys are only ever added.

    building     generator, phase, share (0 to 1); before started, where an engine is built first
    built        path, seconds, size_bytes, reused, parity (in words, null where not measured)
    started      source, target, width, height, pixel_format, codec, frame_rate, duration_seconds,
                 frames, engine (in words), generator, device, precision, engine_remark (why not
                 another device), encoder, resumed_frames; duration and frames are those of the
                 part that is restored; null where the container does not tell
    frame        index, frames, fps, elapsed_seconds, eta_seconds, size_bytes, bottleneck; some ten
                 a second at most, and always the last
    notice       text
    finished     target, frames, seconds, fps, size_bytes, invalid_frames, busy_seconds, verified,
                 flat_frames, corrupt_frames, undecodable_packets, resumed_frames
    comparing    target, share (0 to 1); of a sample, after finished, some ten a second at most,
                 and always the last
    sampled      page, start, frames, fps, whole_frames, whole_seconds, whole_bytes; of a sample,
                 after finished
    error        message, type, exit_code
    interrupted  message, type, exit_code

    Every object names its kind in `event`; the last is finished, sampled, error or
    interrupted. Of a folder:

    folder_started   source, target, files, skipped
    file_started     file, number; from here to file_ended every object names the `file`
    file_ended       file, target, outcome (done, skipped, failed), why, frames, seconds, size_bytes
    folder_finished  done, skipped, failed, left, frames, seconds; in place of finished the last
    """

    def __init__(
        self, stream: TextIO | None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._pace = Pace(None, clock)
        self._next = 0.0
        self._next_share = 0.0
        self._held: dict[str, Any] | None = None
        self._file: dict[str, str] = {}

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""
        match event:
            case Building() | Comparing():
                self._show_share(event)
            case Built():
                self._write({"event": "built", **asdict(event), "path": str(event.path)})
            case Started():
                self._pace = Pace(event.frame_count, self._clock, done=event.resumed_frames)
                self._write(_started_object(event))
            case FrameDone():
                self._pace.mark(event.index)
                self._held = self._frame_object(event)
                if self._pace.elapsed >= self._next:
                    self._next = self._pace.elapsed + FRAME_SECONDS
                    self._release()
            case Notice():
                self._write({"event": "notice", "text": event.text})
            case Finished():
                self._release()
                self._write(_finished_object(event))
            case Sampled():
                self._write({"event": "sampled", **asdict(event), "page": str(event.page)})
            case FolderStarted() | FileStarted() | FileEnded() | FolderFinished():
                self._show_of_folder(event)

    def _show_share(self, event: Building | Comparing) -> None:
        share = _rounded(event.share)
        if isinstance(event, Building):
            building = {"generator": event.generator, "phase": event.phase, "share": share}
            self._write({"event": "building", **building})
        elif self._clock() >= self._next_share or event.share >= 1:
            self._next_share = self._clock() + FRAME_SECONDS
            self._write({"event": "comparing", "target": str(event.target), "share": share})

    def _show_of_folder(
        self, event: FolderStarted | FileStarted | FileEnded | FolderFinished
    ) -> None:
        self._release()
        self._file = {"file": str(event.file)} if isinstance(event, FileStarted) else {}
        self._next = 0.0
        self._write(_plain_object(event))

    def fail(self, failure: Failure) -> None:
        """See Display.fail."""
        self._release()
        self._write(
            {
                "event": failure.kind,
                "message": failure.message,
                "type": failure.type,
                "exit_code": failure.exit_code,
            }
        )

    def _frame_object(self, event: FrameDone) -> dict[str, Any]:
        pace = self._pace
        return {
            "event": "frame",
            "index": event.index,
            "frames": pace.total,
            "fps": _rounded(pace.fps),
            "elapsed_seconds": _rounded(pace.elapsed),
            "eta_seconds": _rounded(pace.eta_seconds),
            "size_bytes": event.size_bytes,
            "bottleneck": event.bottleneck,
        }

    def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._write(held)

    def _write(self, record: dict[str, Any]) -> None:
        if self._stream is not None:
            print(json.dumps(record | self._file), file=self._stream, flush=True)


_NAMES = {
    FolderStarted: "folder_started",
    FileStarted: "file_started",
    FileEnded: "file_ended",
    FolderFinished: "folder_finished",
}


def _plain_object(
    event: FolderStarted | FileStarted | FileEnded | FolderFinished,
) -> dict[str, Any]:
    values = {name: str(v) if isinstance(v, Path) else v for name, v in asdict(event).items()}
    values.pop("planned", None)  # file_started and --json tell it
    if "seconds" in values:
        values["seconds"] = _rounded(values["seconds"])
    return {"event": _NAMES[type(event)], **values}


def _started_object(event: Started) -> dict[str, Any]:
    info = event.info
    return {
        "event": "started",
        "source": str(event.source),
        "target": str(event.target),
        "width": info.width,
        "height": info.height,
        "pixel_format": info.pixel_format,
        "codec": info.codec,
        "frame_rate": _rounded(info.frame_rate),
        "duration_seconds": _rounded(event.duration),
        "frames": event.frame_count,
        "engine": event.engine,
        "generator": event.generator,
        "device": event.device,
        "precision": event.precision,
        "engine_remark": event.engine_remark,
        "encoder": event.encoder,
        "resumed_frames": event.resumed_frames,
    }


def _finished_object(event: Finished) -> dict[str, Any]:
    return {
        "event": "finished",
        "target": str(event.target),
        "frames": event.frames,
        "seconds": _rounded(event.seconds),
        "fps": _rounded(
            (event.frames - event.resumed_frames) / event.seconds if event.seconds else None
        ),
        "size_bytes": event.size_bytes,
        "invalid_frames": event.invalid_frames,
        "busy_seconds": {name: _rounded(value) for name, value in event.busy_seconds.items()},
        "verified": event.verified,
        "flat_frames": event.flat_frames,
        "corrupt_frames": event.corrupt_frames,
        "undecodable_packets": event.undecodable_packets,
        "resumed_frames": event.resumed_frames,
    }


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)
