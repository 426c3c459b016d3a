"""What differs between a source and what a run made of it, and whether the run has said so."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.matrix.holds import COPIES, HOLDS, KINDS
from tests.matrix.reading import SOUND_RATE, pictures
from tests.matrix.sounds import LONGEST_FRAME, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.matrix.reading import Chapter, File, Stream


Words: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that is not as in the source."""

    what: str
    words: Words = ()
    """A notice with all of them names it; without any it has no excuse."""


@dataclass(slots=True)
class Judge:
    """Compares two files; `losses` collects what no notice has said."""

    source: File
    output: File
    target: str
    """Container of the output."""
    notices: Sequence[str]
    used: set[str] = field(default_factory=set)
    """Notices that name a loss."""

    def unsaid(self) -> list[str]:
        """Losses that no notice names, and notices that name no loss."""
        unsaid = [loss.what for loss in self._losses() if not self._says(*loss.words)]
        idle = [t for t in self.notices if t not in self.used and _INFORMS not in t]
        return unsaid + [f"said, and not so: {text}" for text in idle]

    def _says(self, *words: str) -> bool:
        found = [t for t in self.notices if words and all(w.lower() in t.lower() for w in words)]
        self.used.update(found)
        return bool(found)

    def _losses(self) -> Iterator[Loss]:
        shift = self._shift()
        yield from self._stamps(self.source.video, self.output.video, shift)
        yield from self._look()
        yield from self._texts(shift)
        for kind in ("video", "audio", "subtitle", "cover", "attachment"):
            pairs, lost = self._pairs(kind)
            yield from lost
            for number, (here, there) in enumerate(pairs):
                yield from self._stream(here, there)
                if kind != "video" or number:
                    yield from self._copied(here, there, shift)

    def _shift(self) -> Fraction:
        """Seconds by which a notice says that all begins later; the exact ones are those found."""
        for text in self.notices:
            if said := re.search(r"all streams begin (\d+\.\d+) s later", text):
                self.used.add(text)
                found = self.output.video.seconds[0] - self.source.video.seconds[0]
                if abs(found - Fraction(said[1])) <= Fraction(1, 1000):
                    return found
                return Fraction(said[1])
        return Fraction(0)

    def _stamps(self, here: Stream, there: Stream, shift: Fraction) -> Iterator[Loss]:
        name = f"{here.kind} {here.index}"
        if len(here.seconds) != len(there.seconds):
            yield Loss(f"{name}: {len(here.seconds)} in, {len(there.seconds)} out")
            return
        # The shift was read off a rounded time, so it may be half a tick off itself; and sound in
        # Matroska was rounded before it came.
        most = there.tick if shift else there.tick / 2
        most += 0 if here.kind == "video" else here.tick / 2
        for number, (old, new) in enumerate(zip(here.seconds, there.seconds, strict=True)):
            if abs(old + shift - new) > most:
                yield Loss(
                    f"{name}: number {number} is at {float(new):.6f} s, not at "
                    f"{float(old + shift):.6f} s"
                )
                return

    def _look(self) -> Iterator[Loss]:
        here, there = self.source.video.facts, self.output.video.facts
        grey = here["pix_fmt"].startswith("gray") and there["codec_name"] == "h264"
        for name, words in _LOOK.items():
            old, new = _value(here, name), _value(there, name)
            if old != new:
                # In their bitstream these hold all of it, whatever the container does.
                held = there["codec_name"] in ("h264", "hevc") and not grey
                yield Loss(f"{name}: {old} became {new}", () if held else words)
        if _plain(here["pix_fmt"]) != _plain(there["pix_fmt"]) and not grey:
            yield Loss(f"samples: {here['pix_fmt']} became {there['pix_fmt']}")
        if self.source.turned != self.output.turned:
            what = f"rotation: {self.source.turned} became {self.output.turned}"
            yield Loss(what, () if self.target in ("mp4", "mov", "mkv") else ("rotation",))

    def _texts(self, shift: Fraction) -> Iterator[Loss]:
        holds, words = HOLDS[self.target], tuple[str, ...]()
        for name, value in self.source.tags.items():
            if name not in _FRESH and self.output.tags.get(name) != value:
                words = () if "tags" in holds else ("tags", name)
                yield Loss(f"tag {name}: {value!r}, now {self.output.tags.get(name)!r}", words)
        old = [(a + float(shift), b + float(shift), title) for a, b, title in self.source.chapters]
        if not _same_chapters(old, self.output.chapters):
            words = () if "chapters" in holds else ("chapters",)
            yield Loss(f"chapters: {old} became {self.output.chapters}", words)
        start, now = _timecode(self.source), _timecode(self.output)
        if start != now:
            words = () if "timecode" in holds else ("timecode",)
            yield Loss(f"timecode: {start} became {now}", words)
        for stream in self.source.of("timecode"):
            if "timecode" not in KINDS[self.target]:
                yield Loss("the timecode track is gone", (f"stream {stream.index} (", "timecode"))

    def _pairs(self, kind: str) -> tuple[list[tuple[Stream, Stream]], list[Loss]]:
        """What went in beside what came out, in order; and what is gone."""
        gone = [
            stream
            for stream in self.source.of(kind)
            if self._says(f"stream {stream.index} (", "left out")
        ]
        lost = [
            Loss(
                f"{kind} {stream.index} ({stream.codec}) was left out, though {self.target} has it"
            )
            for stream in gone
            if kind in KINDS[self.target] and stream.codec in COPIES[self.target]
        ]
        kept = [stream for stream in self.source.of(kind) if stream not in gone]
        there = self.output.of(kind)
        if len(kept) != len(there):
            lost.append(Loss(f"{len(kept)} {kind} streams in, {len(there)} out, and nothing said"))
        return list(zip(kept, there, strict=False)), lost

    def _stream(self, here: Stream, there: Stream) -> Iterator[Loss]:
        """Language, title, dispositions, duration."""
        holds, name = HOLDS[self.target], f"stream {here.index}"
        for tag in ("language", "title"):
            old, new = (stream.tags.get(tag, "und") for stream in (here, there))
            if tag == "language" and here.kind == "video" and self.target == "ts":
                continue  # MPEG-TS has languages for sound and subtitles only
            if old != new:
                words: Words = () if tag in holds else (name, tag)
                yield Loss(f"{name}: {tag} {old!r} became {new!r}", words)
        for flag in sorted(here.flags ^ there.flags):
            if flag == "default" and not self._tells_default(here):
                continue
            yield Loss(
                f"{name}: {flag} was {flag in here.flags} and is {flag in there.flags}",
                () if flag in holds else (name, flag),
            )
        if here.kind in ("video", "audio"):
            lasted, lasts = _length(here), _length(there)
            if abs(lasted - lasts) > max(_longest_step(here), _longest_step(there)):
                yield Loss(f"{name} lasted {float(lasted):.4f} s and lasts {float(lasts):.4f} s")

    def _tells_default(self, here: Stream) -> bool:
        """MP4 and MOV call the first of each kind default where nothing else is."""
        some = any("default" in stream.flags for stream in self.source.of(here.kind))
        return self.target == "mkv" or (some and self.target != "ts")

    def _copied(self, here: Stream, there: Stream, shift: Fraction) -> Iterator[Loss]:
        """The samples, and when they are shown."""
        name = f"{here.kind} {here.index}"
        if here.codec != there.codec and {here.codec, there.codec} != {"mp2", "mp3"}:
            yield Loss(f"{name} became {there.codec}", (f"stream {here.index} (", here.codec))
            if here.codec in COPIES[self.target]:
                yield Loss(f"{name}: {here.codec} was converted, though {self.target} has it")
        if here.kind == "attachment":
            yield from _attached(here, there)
            return
        if here.kind != "cover" and len(here.packets) == len(there.packets):
            yield from self._stamps(here, there, shift)
        if here.hashes != there.hashes and (changed := self._changed(here, there)):
            yield Loss(f"{name}: {changed}")

    def _changed(self, here: Stream, there: Stream) -> str | None:
        """What is wrong with a stream whose packets are not the same byte by byte."""
        old, new = (self.source.path, here.index), (self.output.path, there.index)
        same = here.codec == there.codec
        if here.kind == "audio":
            return compare(old, new, copied=same, lead=here.hidden)
        if here.kind == "video":
            before, after = pictures(old, new)
            return None if before == after else "its pictures changed"
        # MPEG-TS puts bytes of its own around a subtitle's packets.
        anew = "ts" in (self.target, self.source.path.suffix[1:])
        return None if anew or not same else "its packets changed"


def _attached(here: Stream, there: Stream) -> Iterator[Loss]:
    for key in ("filename", "mimetype"):
        if here.tags.get(key) != there.tags.get(key):
            yield Loss(f"attachment: {key} {here.tags.get(key)} became {there.tags.get(key)}")
    if here.facts["extradata_hash"] != there.facts["extradata_hash"]:
        yield Loss(f"attachment {here.index}: its bytes changed")


_FRESH = (
    "encoder", "software", "major_brand", "minor_version", "compatible_brands", "creation_time",
    "duration",
)  # fmt: skip
_LOOK = {
    "width": (),
    "height": (),
    "color_range": ("colour range",),
    "color_space": ("colour matrix",),
    "color_transfer": ("colour transfer",),
    "color_primaries": ("colour primaries",),
    "sample_aspect_ratio": ("sample aspect ratio",),
    "field_order": (),
}
_SAYS_NOTHING = ("unknown", "N/A", "0:1", "1:1", "tv", "progressive")
"""What is assumed where nothing is said."""
_INFORMS = "only the first video is restored"
"""Part of a notice that names no loss."""


def _value(facts: dict[str, Any], name: str) -> str | None:
    value = facts.get(name)
    if value in _SAYS_NOTHING:
        return None
    return "bt470bg" if value == "smpte170m" and name == "color_space" else value


def _plain(pixels: str) -> str:
    return pixels.replace("yuvj", "yuv")


def _timecode(file: File) -> str | None:
    found = [s.tags["timecode"] for s in file.streams if "timecode" in s.tags]
    return file.tags.get("timecode") or (found[0] if found else None)


def _same_chapters(old: Sequence[Chapter], new: Sequence[Chapter]) -> bool:
    if len(old) != len(new):
        return False
    return all(
        abs(a[0] - b[0]) < 0.002 and abs(a[1] - b[1]) < 0.002 and a[2] == b[2]
        for a, b in zip(old, new, strict=True)
    )


def _longest_step(stream: Stream) -> Fraction:
    """One frame of pictures, or the longest of sound, whose packets may be cut otherwise."""
    if stream.kind == "audio":
        return Fraction(LONGEST_FRAME, SOUND_RATE)
    times = stream.seconds
    steps = [after - before for before, after in itertools.pairwise(times)]
    return max(steps, default=Fraction(1, 25))


def _length(stream: Stream) -> Fraction:
    """From the first to the end of the last, as far as that is known."""
    last = max(stream.packets, key=lambda p: p.get("pts", p.get("dts", 0)))
    end = stream.seconds[-1] + int(last.get("duration", 0)) * stream.tick
    return end - stream.seconds[0]
