"""EXIF, ICC profile and XMP in image files: read, and put in; no sample is touched.

Formats: JPEG (ITU-T T.81, CIPA DC-008, ICC.1 annex B.4, XMP part 3), PNG (third edition, 11.3),
TIFF 6.0, WebP (RFC 9649).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deblurvid.errors import OutputError
from deblurvid.stages.images import kind_of_image
from deblurvid.stages.jpeg import APP0, APP1, APP2, APP15, SOI, SOS, segments
from deblurvid.stages.tiff import Directory, Entry, exif_block, packed, read_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIF_MARK, XMP_MARK, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
_PNG_XMP = b"XML:com.adobe.xmp"
_SQUARE = struct.pack(">IIB", 1, 1, 0)
"""FFmpeg's pHYs of square samples, which says no more than none."""
PROFILE = "the ICC profile"
MOST_IN_SEGMENT = 65_533
_MOST_ICC = MOST_IN_SEGMENT - len(_ICC) - 2
_MOST_INFLATED = 1 << 26
"""Bytes of a profile or a text in a PNG."""
_TIFF_XMP, _TIFF_ICC = 700, 34_675
_OF_SAMPLES = frozenset(
    (254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291,
     292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347,
     512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532)
)  # fmt: skip
"""TIFF's tags that say how the samples are laid out, which the new file says of its own."""
_OF_EVERY_TIFF = frozenset((282, 283, 296, 305))
"""Resolution, and the program that wrote it: the source's, or else those of the new file."""
_ANIMATED, _XMP_BIT, _EXIF_BIT, _ALPHA, _ICC_BIT = 0x02, 0x04, 0x08, 0x10, 0x20
"""Of WebP's VP8X chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMetadata:
    """Blocks as they stand in files; empty where there is none."""

    exif: bytes = b""
    """A whole block, from its TIFF header on."""
    icc: bytes = b""
    xmp: bytes = b""

    def missing_in(self, other: ImageMetadata) -> list[str]:
        """Names of what `other` does not hold as it is. A TIFF may hold more of EXIF."""
        told = other.exif == self.exif or said(self.exif).items() <= said(other.exif).items()
        same = {"EXIF": told, PROFILE: other.icc == self.icc, "XMP": other.xmp == self.xmp}
        return [name for name, kept in same.items() if not kept]


def read_metadata(data: bytes) -> ImageMetadata:
    """The blocks of a PNG, JPEG, TIFF or WebP file; what is damaged counts as not there."""
    read = {"jpeg": _of_jpeg, "png": _of_png, "webp": _of_webp, "tiff": _of_tiff}
    kind = kind_of_image(data[:12])
    try:
        return read[kind](data) if kind else ImageMetadata()
    except (struct.error, ValueError, zlib.error):
        return ImageMetadata()


def has_more_pages(data: bytes) -> bool:
    """Whether it is a TIFF with more than one picture."""
    try:
        return kind_of_image(data[:12]) == "tiff" and read_directory(data).has_next
    except ValueError:
        return False


def with_metadata(data: bytes, metadata: ImageMetadata) -> bytes:
    """The same image with these blocks and no others.

    Raises:
        OutputError: it is no image that was written here.
    """
    write = {"jpeg": _in_jpeg, "png": _in_png, "webp": _in_webp, "tiff": _in_tiff}
    kind = kind_of_image(data[:12])
    if kind is None:
        raise OutputError("EXIF, ICC profile and XMP have no place in what was written")
    return write[kind](data, metadata)


def said(exif: bytes) -> dict[int, Entry]:
    """What EXIF says beside how samples are laid out; nothing if it is damaged."""
    try:
        entries = read_directory(exif).entries
    except ValueError:
        return {}
    return {tag: entry for tag, entry in entries.items() if tag not in _OF_SAMPLES}


def _of_jpeg(data: bytes) -> ImageMetadata:
    exif = xmp = b""
    parts: dict[int, bytes] = {}
    for marker, begin, end in segments(data):
        body = data[begin:end]
        if marker == SOS:
            break
        if marker == APP1 and body.startswith(EXIF_MARK):
            exif = exif or body.removeprefix(EXIF_MARK)
        elif marker == APP1 and body.startswith(XMP_MARK):
            xmp = xmp or body.removeprefix(XMP_MARK)
        elif marker == APP2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
            parts[body[len(_ICC)]] = body[len(_ICC) + 2 :]
    return ImageMetadata(exif=exif, icc=b"".join(parts[n] for n in sorted(parts)), xmp=xmp)


def _in_jpeg(data: bytes, metadata: ImageMetadata) -> bytes:
    """Behind what the encoder says of the application, JFIF's segment, and before all else."""
    kept, rest = [], 2
    for marker, begin, end in segments(data):
        if marker != SOI and not APP0 <= marker <= APP15:
            break
        rest = end
        ours = marker == APP1 or (marker == APP2 and data.startswith(_ICC, begin))
        if marker != SOI and not ours:
            kept.append(_segment(marker, data[begin:end]))
    blocks = [(APP1, EXIF_MARK + metadata.exif)] if metadata.exif else []
    blocks += [(APP1, XMP_MARK + metadata.xmp)] if metadata.xmp else []
    icc = metadata.icc
    pieces = [icc[at : at + _MOST_ICC] for at in range(0, len(icc), _MOST_ICC)]
    for number, piece in enumerate(pieces, 1):
        blocks.append((APP2, _ICC + bytes((number, len(pieces))) + piece))
    return b"".join([data[:2], *kept, *(_segment(*block) for block in blocks), data[rest:]])


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(kind, body, the whole chunk) of each chunk."""
    at = 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size], data[at : at + 12 + size]
        at += 12 + size


def _of_png(data: bytes) -> ImageMetadata:
    exif = icc = xmp = b""
    for kind, body, _ in _png_chunks(data):
        if kind == b"eXIf":
            exif = body.removeprefix(EXIF_MARK)
        elif kind == b"iCCP":
            icc = _inflated(body.partition(b"\0")[2][1:])
        elif kind == b"iTXt" and body.startswith(_PNG_XMP + b"\0"):
            _, _, text = body[len(_PNG_XMP) + 3 :].split(b"\0", 2)  # behind two names of a language
            xmp = _inflated(text) if body[len(_PNG_XMP) + 1] else text
    return ImageMetadata(exif=exif, icc=icc, xmp=xmp)


def _inflated(data: bytes) -> bytes:
    """Never more than is allowed, whatever the file claims."""
    inflate = zlib.decompressobj()
    text = inflate.decompress(data, _MOST_INFLATED)
    if not inflate.eof:
        raise ValueError("cut off, or too large")
    return text


def _in_png(data: bytes, metadata: ImageMetadata) -> bytes:
    blocks = []
    if metadata.icc:
        blocks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.exif:
        blocks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        blocks.append((b"iTXt", _PNG_XMP + b"\0\0\0\0\0" + metadata.xmp))
    made = [_png_chunk(kind, body) for kind, body in blocks]
    out = [data[:8]]
    for kind, body, whole in _png_chunks(data):
        if kind in (b"eXIf", b"iCCP") or (kind == b"iTXt" and body.startswith(_PNG_XMP)):
            continue
        if kind == b"pHYs" and body == _SQUARE:
            continue
        # A profile excludes the chunk that says sRGB; both must not be there.
        if kind == b"sRGB" and metadata.icc:
            continue
        out.append(whole)
        if kind == b"IHDR":
            out += made
    return b"".join(out)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _of_webp(data: bytes) -> ImageMetadata:
    found = dict(_webp_chunks(data))
    return ImageMetadata(
        exif=found.get(b"EXIF", b"").removeprefix(EXIF_MARK),
        icc=found.get(b"ICCP", b""),
        xmp=found.get(b"XMP ", b""),
    )


def _in_webp(data: bytes, metadata: ImageMetadata) -> bytes:
    chunks = list(_webp_chunks(data))
    samples = [(k, b) for k, b in chunks if k not in (b"VP8X", b"ICCP", b"EXIF", b"XMP ")]
    head = next((body for kind, body in chunks if kind == b"VP8X"), b"") or _webp_head(samples)
    flags = head[0] & (_ALPHA | _ANIMATED)
    flags |= _ICC_BIT * bool(metadata.icc) | _EXIF_BIT * bool(metadata.exif)
    flags |= _XMP_BIT * bool(metadata.xmp)
    icc = [(b"ICCP", metadata.icc)] if metadata.icc else []
    behind = [(b"EXIF", metadata.exif)] if metadata.exif else []
    behind += [(b"XMP ", metadata.xmp)] if metadata.xmp else []
    rows = [(b"VP8X", bytes((flags,)) + head[1:]), *icc, *samples, *behind]
    body = b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in rows
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_head(samples: list[tuple[bytes, bytes]]) -> bytes:
    """VP8X for a file that has none: size and transparency, read from the coded picture."""
    kind, body = samples[0]
    alpha = 0
    if kind == b"VP8L":  # 14 bits each of width - 1 and height - 1, then one of alpha
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        alpha = _ALPHA if bits >> 28 & 1 else 0
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes((alpha, 0, 0, 0)) + sides


def _of_tiff(data: bytes) -> ImageMetadata:
    directory = read_directory(data)
    blocks = {tag: directory.entries.pop(tag, Entry(7)).values for tag in (_TIFF_ICC, _TIFF_XMP)}
    said = {tag: e for tag, e in directory.entries.items() if tag not in _OF_SAMPLES}
    exif = exif_block(Directory(entries=said)) if said else b""
    return ImageMetadata(exif=exif, icc=blocks[_TIFF_ICC], xmp=blocks[_TIFF_XMP])


def _in_tiff(data: bytes, metadata: ImageMetadata) -> bytes:
    """Behind the file comes a directory that takes the place of the first one."""
    own = read_directory(data).entries
    kept = {tag: own[tag] for tag in own if tag in _OF_SAMPLES | _OF_EVERY_TIFF}
    kept |= said(metadata.exif)
    if metadata.icc:
        kept[_TIFF_ICC] = Entry(7, metadata.icc)
    if metadata.xmp:
        kept[_TIFF_XMP] = Entry(1, metadata.xmp)
    data += b"\0" * (len(data) % 2)
    place = len(data)
    return data[:4] + struct.pack("<I", place) + data[8:] + packed(Directory(entries=kept), place)
