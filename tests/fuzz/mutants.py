"""Damage by number: the same number is the same damage to the same seed, always."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HEADER = 600
"""Bytes at the beginning that hold a header."""
SIZES = (0, 1, 2, 7, 8, 255, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""What a size is not, and what overflows."""


def mutant(number: int, seeds: Sequence[Path], folder: Path, *, damaged: bool = True) -> Path:
    """Write mutant `number` into `folder`; a file, or a folder of images of which one is damaged."""
    seed = seeds[number % len(seeds)]
    chance = random.Random(number)
    damage = chance.choice(DAMAGES) if damaged else untouched
    target = folder / seed.name
    if seed.is_dir():
        shutil.copytree(seed, target)
        victim = chance.choice(sorted(target.iterdir()))
        victim.write_bytes(damage(victim.read_bytes(), chance))
    else:
        target.write_bytes(damage(seed.read_bytes(), chance))
    return target


def untouched(data: bytes, chance: random.Random) -> bytes:
    """The seed itself."""
    return data


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """1 to 64 bits anywhere."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 4, 16, 64))):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def overwrite_a_run(data: bytes, chance: random.Random) -> bytes:
    """One run of zeros, ones or noise."""
    begin = chance.randrange(len(data))
    length = min(len(data) - begin, chance.choice((1, 4, 16, 64, 256, 1024)))
    fill = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))
    return data[:begin] + fill + data[begin + length :]


def truncate(data: bytes, chance: random.Random) -> bytes:
    """Cut anywhere."""
    return data[: chance.randrange(len(data))]


def drop_a_run(data: bytes, chance: random.Random) -> bytes:
    """Bytes that are missing in the middle."""
    begin = chance.randrange(len(data))
    return data[:begin] + data[begin + chance.choice((1, 3, 50, 188, 1000)) :]


def repeat_a_run(data: bytes, chance: random.Random) -> bytes:
    """Bytes that come twice, or a hundred times."""
    begin = chance.randrange(len(data))
    part = data[begin : begin + chance.choice((1, 8, 188, 1000))]
    return data[:begin] + part * chance.choice((2, 2, 100)) + data[begin:]


def swap_chunks(data: bytes, chance: random.Random) -> bytes:
    """Two neighbouring pieces in the wrong order."""
    a, b, c = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def change_a_size(data: bytes, chance: random.Random) -> bytes:
    """A word of 1, 2, 4 or 8 bytes, of either order, becomes one of `SIZES` or nearly what it was."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 3))):
        width = chance.choice((1, 2, 4, 4, 4, 8))
        order: Literal["big", "little"] = chance.choice(("big", "big", "little"))
        at = _place(out, width, chance)
        old = int.from_bytes(out[at : at + width], order)
        new = chance.choice((*SIZES, old + 1, old - 1, old * 2, old >> 1, len(data)))
        out[at : at + width] = (new % (1 << 8 * width)).to_bytes(width, order)
    return bytes(out)


def _place(data: bytearray, width: int, chance: random.Random) -> int:
    """Before the name of an MP4 box, or in a header, or anywhere."""
    last = max(1, len(data) - width)
    boxes = (
        b"moov",
        b"trak",
        b"mdia",
        b"stsd",
        b"stsz",
        b"stco",
        b"stsc",
        b"stts",
        b"ctts",
        b"elst",
    )
    found = [at for box in boxes if (at := data.find(box)) >= 8]
    if found and chance.random() < 0.5:
        return (
            min(last - 1, chance.choice(found) + chance.choice((-4, 4, 8, 12, 16)))
            if last > 1
            else 0
        )
    return chance.randrange(min(last, HEADER) if chance.random() < 0.5 else last)


def damage_the_header(data: bytes, chance: random.Random) -> bytes:
    """Bits of the first bytes only, where sizes, counts and formats are."""
    head, rest = data[:HEADER], data[HEADER:]
    return flip_bits(head, chance) + rest


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_bits,
    overwrite_a_run,
    truncate,
    drop_a_run,
    repeat_a_run,
    swap_chunks,
    change_a_size,
    change_a_size,
    damage_the_header,
    damage_the_header,
)
