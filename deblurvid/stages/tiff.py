"""The directory of a TIFF file, which is also what EXIF is: read, and written again.

TIFF 6.0, section 2; the directories below it are those of EXIF (CIPA DC-008, 4.6.3). Values stay as
they are, byte by byte, but for their order. What a camera's maker hides in a note may refer to places in
the old file, and then is lost to its own programs, as with most editors.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value, by its type."""
_UNITS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}
"""Bytes that are swapped together where the order differs."""
_LONG = 4
BELOW = frozenset({34665, 34853, 40965})
"""Tags that lead to another directory: of EXIF, of the place, of interoperability."""
MOST_ENTRIES = 4096
"""Of a directory; more are in no file that is meant well."""
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """Values of one tag, low bytes first; or a directory below."""

    kind: int
    """TIFF's number of the type."""
    values: bytes = b""
    below: Directory | None = None


@dataclass(slots=True, kw_only=True)
class Directory:
    """Entries by their tag."""

    entries: dict[int, Entry] = field(default_factory=dict)
    has_next: bool = field(default=False, compare=False)
    """Another page, or a thumbnail, follows."""


def read_directory(data: bytes) -> Directory:
    """The first directory of a TIFF file or an EXIF block.

    Raises:
        ValueError: it is none, or damaged.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise ValueError("no TIFF header")
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        return _read(data, order, offset, 0)
    except struct.error as exc:
        raise ValueError("it is cut off") from exc


def _read(data: bytes, order: str, offset: int, depth: int) -> Directory:
    (count,) = struct.unpack_from(order + "H", data, offset)
    if count > MOST_ENTRIES or depth > DEEPEST:
        raise ValueError("its directory is damaged")
    found = Directory()
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, number, place = struct.unpack_from(order + "HHII", data, at)
        if tag in found.entries:
            continue  # what is there twice could be there a million times, three directories deep
        if tag in BELOW:
            found.entries[tag] = Entry(_LONG, below=_read(data, order, place, depth + 1))
            continue
        size = _SIZES.get(kind, 0) * number
        begin = at + 8 if size <= 4 else place
        values = data[begin : begin + size]
        if not size or len(values) < size:
            continue  # a type of the future, or a value that is not there
        found.entries[tag] = Entry(kind, values if order == "<" else _swapped(values, kind))
    following = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)[0]
    found.has_next = bool(following)
    return found


def _swapped(values: bytes, kind: int) -> bytes:
    unit = _UNITS.get(kind, 1)
    return b"".join(values[at : at + unit][::-1] for at in range(0, len(values), unit))


def exif_block(directory: Directory) -> bytes:
    """A whole EXIF block, low bytes first."""
    return b"II*\0" + struct.pack("<I", 8) + packed(directory, 8)


def packed(directory: Directory, offset: int) -> bytes:
    """The directory with its values, as it stands at `offset` of a file, low bytes first.

    It is the last one: no other follows.
    """
    tags = sorted(directory.entries)
    rows, behind = [], b""
    end = offset + 2 + 12 * len(tags) + 4
    for tag in tags:
        entry = directory.entries[tag]
        values = entry.values
        if entry.below is not None:
            values = struct.pack("<I", end + len(behind))
            behind += packed(entry.below, end + len(behind))
        number = len(values) // _SIZES[entry.kind]
        if len(values) > 4:
            place = struct.pack("<I", end + len(behind))
            behind += values + b"\0" * (len(values) % 2)
        else:
            place = values.ljust(4, b"\0")
        rows.append(struct.pack("<HHI", tag, entry.kind, number) + place)
    return struct.pack("<H", len(tags)) + b"".join(rows) + struct.pack("<I", 0) + behind
