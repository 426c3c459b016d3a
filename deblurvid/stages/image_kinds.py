"""Kinds of images that FFmpeg does not read, or reads wrongly without a word: told by their heads.

It makes tiles and JPEG within a TIFF all black, takes signed samples and half floats for unsigned
ones, and gives TIFF's YCbCr and CMYK as other colours. TIFF 6.0; WebP: RFC 9649, section 2.7.
"""

from __future__ import annotations

import struct

_BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _FORMAT = 258, 259, 262, 277, 339
_OF_TILES = frozenset((322, 323, 324, 325))
_CODES = {1: "B", 3: "H", 4: "I"}
"""Types of TIFF's numbers -> struct's."""
_READ_COMPRESSIONS = frozenset((1, 2, 3, 4, 5, 8, 32_773, 32_946))
"""None, three of faxes, LZW, deflate by two numbers, PackBits."""
_COMPRESSIONS = {6: "JPEG", 7: "JPEG", 34_712: "JPEG 2000", 34_887: "LERC", 34_925: "LZMA",
                 50_000: "Zstandard", 50_001: "WebP", 50_002: "JPEG XL"}  # fmt: skip
_READ_PHOTOMETRICS = frozenset((0, 1, 2, 3))
"""Grey from white and from black, RGB, palette."""
_PHOTOMETRICS = {4: "a mask", 5: "CMYK", 6: "YCbCr", 8: "LAB", 9: "LAB", 10: "LAB", 32_803: "raw sensor data",
                 32_844: "LogL", 32_845: "LogLuv", 34_892: "raw sensor data"}  # fmt: skip
_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_MOST_BITS, _MOST_CHANNELS = 16, 4
_AS_USUAL = (
    "convert it first to RGB or grey of 8 or 16 bits in strips, for instance with ImageMagick: "
    "magick old.tif -colorspace sRGB -depth 16 -compress zip new.tif"
)


def why_unread(data: bytes) -> str | None:
    """What an image file is that is not read, and what to do, in words; None of all others."""
    if data[:4] in (b"II+\0", b"MM\0+"):
        return f"a BigTIFF, which is not read; {_AS_USUAL}"
    if data[:4] in (b"II*\0", b"MM\0*"):
        what = _of_tiff(_numbers(data))
        return f"a TIFF {what}, which is not read; {_AS_USUAL}" if what else None
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and data[20:21] and data[20] & 0x02:
        return (
            "an animated WebP, which is not read; make images of it first, for instance with "
            "ImageMagick: magick old.webp -coalesce new%05d.png"
        )
    return None


def _of_tiff(numbers: dict[int, tuple[int, ...]]) -> str | None:
    """What is unusual about it, in words, the gravest first."""
    if _OF_TILES & numbers.keys():
        return "in tiles"
    (compression, *_), (photometric, *_) = (
        numbers.get(_COMPRESSION, (1,)),
        numbers.get(_PHOTOMETRIC, (1,)),
    )
    if compression not in _READ_COMPRESSIONS:
        return f"with {_COMPRESSIONS.get(compression, f'compression {compression}')} inside"
    if photometric not in _READ_PHOTOMETRICS:
        return f"of {_PHOTOMETRICS.get(photometric, f'photometric {photometric}')}"
    if kinds := [_FORMATS[n] for n in numbers.get(_FORMAT, ()) if n in _FORMATS]:
        return f"of {kinds[0]} samples"
    if (bits := max(numbers.get(_BITS, (1,)))) > _MOST_BITS:
        return f"of {bits} bits a sample"
    if (channels := numbers.get(_CHANNELS, (1,))[0]) > _MOST_CHANNELS:
        return f"of {channels} channels"
    return None


def _numbers(data: bytes) -> dict[int, tuple[int, ...]]:
    """Tags of the first directory that are numbers, never empty; FFmpeg too takes the last of two."""
    order = "<" if data[:2] == b"II" else ">"
    found: dict[int, tuple[int, ...]] = {}
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, offset)
        for at in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, kind, number, place = struct.unpack_from(order + "HHII", data, at)
            if kind not in _CODES or not number:
                continue
            # The first few are enough, and a file may claim any number.
            layout = f"{order}{min(number, _MOST_CHANNELS)}{_CODES[kind]}"
            within = number * struct.calcsize(_CODES[kind]) <= 4
            found[tag] = struct.unpack_from(layout, data, at + 8 if within else place)
    except struct.error:
        pass  # cut off: what was there counts, and the decoder tells the rest
    return found
