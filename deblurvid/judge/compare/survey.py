"""Two clips -> what a page shows of them, in one pass over both."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from deblurvid.judge.compare.sights import measured, sight_maker
from deblurvid.stages.clip import OnScreen, common_seconds, lengths_remark, paired
from deblurvid.stages.player import PlayerVideo, copied_video
from deblurvid.stages.rgb import rgb_converter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from deblurvid.judge.compare.sights import Figures, Sight
    from deblurvid.judge.metrics import Image
    from deblurvid.stages.clip import Clip

CHOSEN = 3
"""Pictures that are shown, one of each part of as many."""
MOST_POINTS = 300
"""Frames that are measured; of more, every second, third and so on."""
PLAYER_SECONDS = 60
PLAYER_BYTES = 6 << 20
"""Of each of both players, about."""
PLAYER_SIDES = 1920, 1080
MOST_BITS_A_SECOND = 40_000_000


@dataclass(slots=True, kw_only=True)
class Survey:
    """What one pass found."""

    figures: list[Figures]
    every: int
    """Which frames were measured: every so manieth."""
    chosen: list[Sight]
    """The frame of each third of the time that differs most, of those that were measured."""
    count: int
    """Frames that both show."""
    times: list[Fraction]
    """Seconds of each frame of the players."""
    players: tuple[bytes, bytes] | None
    """MP4 files; None of single pictures."""
    player_size: tuple[int, int] | None
    """Of the players where they were encoded anew; None where they are the clips' own packets."""

    @property
    def foremost(self) -> int:
        """Which of the chosen differs most."""
        likeness = {f.seconds: f.psnr_db for f in self.figures}
        return min(range(len(self.chosen)), key=lambda n: likeness[self.chosen[n].seconds])


def survey(first: Clip, second: Clip, reference: Clip | None) -> Generator[float, None, Survey]:
    """Measure two clips, choose pictures of them, and encode both for the players.

    Args:
        first: from `look_at`.
        second: another of the same size.
        reference: the sharp truth, of the same size and length, if there is one.

    Yields:
        The share that is done, 0 to 1.
    """
    length = common_seconds(first, second)
    every = -(-second.frames // MOST_POINTS)
    still = is_still(first, second)
    copies = None if still else _copies(first, second)
    size = None if copies or still else _player_size(second)
    encoded = [_player(clip, size, length) for clip in (first, second)] if size else []
    to_sight = sight_maker()
    truth = _sharp_pictures(reference, second)
    best: dict[int, tuple[float, Sight]] = {}
    figures: list[Figures] = []
    times: list[Fraction] = []
    number = -1
    for number, pair in enumerate(paired(first, second)):
        if pair.seconds < PLAYER_SECONDS:
            times.append(pair.seconds)
            for player, frame in zip(encoded, (pair.first, pair.second), strict=False):
                player.add(frame, pair.seconds)
        if number % every == 0:
            sight = to_sight(pair)
            figures.append(measured(sight, truth(pair.seconds)))
            part = min(CHOSEN - 1, int(CHOSEN * pair.seconds / length))
            if part not in best or figures[-1].psnr_db < best[part][0]:
                best[part] = figures[-1].psnr_db, sight
        yield min(1.0, float(pair.seconds / length))
    players = (encoded[0].finish(), encoded[1].finish()) if encoded else copies
    yield 1.0
    return Survey(
        figures=figures,
        every=every,
        chosen=[best[part][1] for part in sorted(best)],
        count=number + 1,
        times=times,
        players=players,
        player_size=size,
    )


def is_still(first: Clip, second: Clip) -> bool:
    """Whether both are a single picture."""
    return first.frames == second.frames == 1


def _sharp_pictures(reference: Clip | None, second: Clip) -> Callable[[Fraction], Image | None]:
    """What gives the sharp picture that is on screen at a time; None where there is no truth."""
    if reference is None:
        return lambda _: None
    sharp, convert = OnScreen(reference, second), rgb_converter()

    def at(seconds: Fraction) -> Image | None:
        frame = sharp.at(seconds)
        return None if frame is None else convert(frame, seconds).rgb

    return at


def _copies(first: Clip, second: Clip) -> tuple[bytes, bytes] | None:
    """Both clips' own packets, or None: one copied beside one encoded anew would not be fair."""
    if (
        first.skipped
        or lengths_remark(first, second)
        or common_seconds(first, second) > PLAYER_SECONDS
    ):
        return None
    one = copied_video(first, PLAYER_BYTES)
    other = copied_video(second, PLAYER_BYTES) if one else None
    return (one, other) if one and other else None


def _player(clip: Clip, size: tuple[int, int], length: Fraction) -> PlayerVideo:
    seconds = max(Fraction(1), min(length, Fraction(PLAYER_SECONDS)))
    bits = min(MOST_BITS_A_SECOND, int(8 * PLAYER_BYTES / seconds))
    # The picture is scaled by the same in both directions, but for the even sides.
    return PlayerVideo(
        size, rate=1 / clip.step, bits_a_second=bits, aspect=clip.sample_aspect_ratio
    )


def _player_size(clip: Clip) -> tuple[int, int]:
    """Even sides within those of a player, which lies across or upright as the picture does."""
    long, short = PLAYER_SIDES
    width, height = clip.size
    most = (long, short) if width >= height else (short, long)
    scale = min(Fraction(1), Fraction(most[0], width), Fraction(most[1], height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
