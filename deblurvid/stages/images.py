"""Sequences of images: which files, in which order, and their packets."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import MOST_PIXELS
from deblurvid.stages.ffmpeg import VIDEO_SUFFIXES, translated
from deblurvid.stages.image_kinds import why_unread
from deblurvid.stages.jpeg import is_cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path, PurePath
    from typing import Any

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
UNREAD_SUFFIXES = frozenset(
    (".heic", ".heif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef")
)  # fmt: skip
"""Of phones and cameras. FFmpeg would take one for a video of tiles, or of its preview."""
CONVERT = "convert it to .png, .jpg or .tiff first"
DEFAULT_RATE = Fraction(25)
"""Images a second where nothing else is said, as FFmpeg takes it."""
ANIMATION_WITHIN = 1 << 16
"""Bytes within which a PNG says that it is animated; a colour profile may come before."""
MOST_BYTES = 1 << 30
"""Of one image file, which is read at once."""

EACH_BY_ITSELF = "deblurvid folder SRC DST restores each file of a folder by itself"

DEMUXERS = {"png": "png_pipe", "jpeg": "jpeg_pipe", "tiff": "tiff_pipe", "webp": "webp_pipe"}
"""FFmpeg's demuxer of one image by its kind."""
_NUMBER = re.compile(r"%0?(\d*)d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Names with a number in them: `%d` or `%05d`, and `%%` for a percent sign, as in FFmpeg.

    Only the name of the file is one; a folder is called as it is called.
    """

    path: Path
    before: str
    digits: int
    """The number is filled up with zeros to so many."""
    after: str

    def file(self, number: int) -> Path:
        """The file of a number."""
        return self.path.with_name(f"{self.before}{number:0{self.digits}}{self.after}")

    def numbers(self) -> list[int]:
        """The numbers of which there are files, rising."""
        pattern = re.compile(re.escape(self.before) + r"([0-9]+)" + re.escape(self.after))
        folder = self.path.parent
        if not folder.is_dir():
            return []
        found = (pattern.fullmatch(entry.name) for entry in folder.iterdir())
        # 007 is no file of %d, which would call it 7.
        return sorted(
            int(match[1])
            for match in found
            if match and self.file(int(match[1])).name == match.string
        )


def template_of(path: Path) -> Template | None:
    """The template that an image's name is; None if there is no number in it."""
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return None
    found = list(_NUMBER.finditer(path.name.replace("%%", "\0\0")))
    if len(found) != 1:
        return None
    begin, end = found[0].span()
    return Template(
        path=path,
        before=path.name[:begin].replace("%%", "%"),
        digits=int(found[0][1] or 1),
        after=path.name[end:].replace("%%", "%"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSequence:
    """Image files in the order in which they are shown."""

    name: Path
    """As the user calls it: a template, a folder or a file."""
    files: tuple[Path, ...]
    first_number: int = 1
    gaps: tuple[tuple[int, int], ...] = ()
    """First and last number of each row of files that are missing in between."""

    def remark(self) -> str | None:
        """What is missing, in words."""
        if not self.gaps:
            return None
        count = sum(last - first + 1 for first, last in self.gaps)
        words = [str(a) if a == b else f"{a}-{b}" for a, b in self.gaps[:10]]
        more = ", ..." if len(self.gaps) > len(words) else ""
        return (
            f"{self.name}: {count} numbers are missing ({', '.join(words)}{more}); the images "
            "beside such a gap follow each other directly"
        )


def find_images(source: Path) -> ImageSequence | None:
    """The images that a template, a folder or the name of an image stands for; else None.

    A file that is really called so comes before the template that its name could be.

    Raises:
        InputError: a template or a folder without images, or a folder with videos in it.
    """
    if source.is_file():
        if source.suffix.lower() not in IMAGE_SUFFIXES or _moves(source):
            return None
        return ImageSequence(name=source, files=(source,))
    if source.is_dir():
        return _images_of(source)
    template = template_of(source)
    if template is None:
        return None
    numbers = template.numbers()
    if not numbers:
        raise InputError(f"{source}: there is no such file for any number")
    return ImageSequence(
        name=source,
        files=tuple(map(template.file, numbers)),
        first_number=numbers[0],
        gaps=tuple(gaps_in(numbers)),
    )


def _images_of(folder: Path) -> ImageSequence:
    """All images of a folder, in order; where videos lie beside them, nobody meant a sequence."""
    shown = [e for e in folder.iterdir() if e.name[0] != "." and e.is_file()]
    files = sorted((e for e in shown if e.suffix.lower() in IMAGE_SUFFIXES), key=natural)
    videos = [e for e in shown if e.suffix.lower() in VIDEO_SUFFIXES]
    if videos:
        beside = f" beside {len(files)} of images" if files else ""
        raise InputError(
            f"{folder}: a folder with {len(videos)} files of video{beside}, {min(videos).name} the "
            f"first, and no image sequence; {EACH_BY_ITSELF}"
        )
    if not files:
        raise InputError(
            f"{folder}: a folder, not a video file, and no images in it "
            f"({' '.join(IMAGE_SUFFIXES)}); {EACH_BY_ITSELF}"
        )
    return ImageSequence(name=folder, files=tuple(files))


def _moves(source: Path) -> bool:
    """Whether it is an animated PNG: its acTL chunk comes before the picture."""
    with source.open("rb") as file:
        head, _, _ = file.read(ANIMATION_WITHIN).partition(b"IDAT")
    return head.startswith(b"\x89PNG") and b"acTL" in head


def gaps_in(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each row of numbers that rising `numbers` leave out: 1 4 6 -> 2-3, 5-5."""
    return [(a + 1, b - 1) for a, b in itertools.pairwise(numbers) if b > a + 1]


def natural(name: PurePath | str) -> tuple[list[Any], str]:
    """Sorts names as people count: 2.png before 10.png."""
    text = name if isinstance(name, str) else name.as_posix()
    parts = re.split(r"([0-9]+)", text.casefold())
    # Text and numbers take turns, beginning with text, so that like is compared with like.
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], text


def kind_of_image(head: bytes) -> str | None:
    """png, jpeg, tiff or webp by the first 12 bytes, whatever the file is called."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return None


def open_images(sequence: ImageSequence, rate: Fraction) -> InputContainer:
    """Open the first image, which stands for all: `image_packets` reads the others.

    Its stream has the ticks and the frame rate of the sequence.

    Raises:
        InputError: it is no image, of a kind that is not read, or too large.
    """
    first = sequence.files[0]
    demuxer = DEMUXERS[_kind(first, read_image(first))]
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": demuxer,
        "framerate": f"{rate.numerator}/{rate.denominator}",
        "max_pixels": str(MOST_PIXELS),
    }
    with translated(InputError, f"{first}: not a readable image"):
        return av.open(f"file:{first}", format=demuxer, options=options, metadata_errors="replace")


def image_packets(sequence: ImageSequence, video: VideoStream, span: Span) -> Iterator[AnyPacket]:
    """One packet a file, for the decoder of `video`; only those of the span are read.

    A JPEG that is cut off decodes all the same, so its packet says that it is corrupt.

    Raises:
        InputError: a file has gone, is an image of another kind than the first or of one that is not
            read, or is the only one and cut off.
    """
    tick = Fraction(video.time_base or 1)
    kind = None
    for number, file in enumerate(sequence.files):
        if span.before(number * tick):
            continue
        if span.after(number * tick):
            return
        data = read_image(file)
        found = _kind(file, data)
        kind = kind or found
        if found != kind:
            raise InputError(f"{file}: a {found} image among {kind} ones; name those of one kind")
        cut = found == "jpeg" and is_cut_off(data)
        if cut and len(sequence.files) == 1:
            raise InputError(f"{file}: the image is cut off: its end is missing")
        # Memory of FFmpeg's own. That of Python is freed under Python's lock, and a decoder's thread
        # would wait for it for ever while whoever holds the lock waits for the thread to end.
        packet: AnyPacket = Packet(len(data))
        packet.update(data)
        packet.pts = packet.dts = number
        packet.duration, packet.time_base = 1, tick
        packet.is_keyframe, packet.is_corrupt = True, cut
        yield packet


def read_image(file: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"{file}: larger than {MOST_BYTES >> 30} GiB, which no image is")
        return file.read_bytes()
    except OSError as exc:
        raise InputError(f"{file}: {exc.strerror}") from exc


def _kind(file: Path, data: bytes) -> str:
    if why := why_unread(data):
        raise InputError(f"{file}: {why}")
    kind = kind_of_image(data[:12])
    if kind is None:
        raise InputError(f"{file}: not a readable image" + ("" if data else ", for it is empty"))
    return kind
