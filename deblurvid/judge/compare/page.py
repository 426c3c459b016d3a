"""Two clips -> one self-contained HTML page.

Whatever comes from outside (names of files, labels, facts) is escaped, and the page's content
security policy lets nothing run or load that is not in the file itself.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from html import escape
from statistics import fmean
from string import Template
from typing import TYPE_CHECKING

from deblurvid import __version__
from deblurvid.errors import InputError
from deblurvid.judge.compare.curves import charts_of, stats_html
from deblurvid.judge.compare.facts import chart_facts, clip_facts, facts_html
from deblurvid.judge.compare.sections import (
    data_uri,
    moments_html,
    motion_html,
    packaged,
    pairs_html,
    pictures_intro,
)
from deblurvid.judge.compare.survey import PLAYER_SECONDS, survey
from deblurvid.judge.compare.writing import check_targets, write_whole
from deblurvid.stages.clip import check_alike, common_seconds, hdr_remark, lengths_remark, look_at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from deblurvid.judge.compare.asked import Asked
    from deblurvid.judge.compare.charts import Chart
    from deblurvid.judge.compare.survey import Survey
    from deblurvid.stages.clip import Clip

EXACT_BYTES = 4 << 20
"""Of a picture that is embedded as PNG; larger ones become JPEG."""
JPEG_QUALITY = 95
UNLIKE_DB = 20
"""PSNR of a picture to its blurred self mostly lies above, and to another one below."""


def write_page(
    asked: Asked,
    target: Path,
    *,
    facts: Mapping[str, str],
    say: Callable[[str], None] = lambda _: None,
    watch: Callable[[float], None] = lambda _: None,
) -> None:
    """Write the page of a comparison, as `page_steps` does; `watch` is told the share that is done."""
    for share in page_steps(asked, target, facts=facts, say=say):
        watch(share)


def page_steps(
    asked: Asked,
    target: Path,
    *,
    facts: Mapping[str, str],
    say: Callable[[str], None] = lambda _: None,
) -> Generator[float, None, None]:
    """Write the page of a comparison; see `deblurvid.judge.compare.compare_page`.

    Args:
        asked: layout, crop and zoom are those of other outputs: the page has its own.
        target: where it goes.
        facts: shown as a table.
        say: told what is not as one might expect; it stands on the page too.

    Yields:
        The share that is done, 0 to 1.
    """
    check_targets(asked, target)
    first, second = look_at(asked.first, asked.start), look_at(asked.second)
    check_alike(first, second)
    reference = None if asked.reference is None else _reference(asked.reference, second)
    found = yield from survey(first, second, reference)
    uris = [[_picture_uri(p) for p in sight.in_eight_bits] for sight in found.chosen]
    notices = _notices(first, second, found, exact=all(e for pair in uris for _, e in pair))
    for notice in notices:
        say(notice)
    text = _page(asked, (first, second), found, [[u for u, _ in p] for p in uris], facts, notices)
    # A name that is no text, which a system may give a file, is shown as far as it is.
    write_whole(target, text.encode(errors="replace"), overwrite=asked.overwrite)


def _reference(path: Path, second: Clip) -> Clip:
    """The sharp truth, which fits the second clip."""
    reference = look_at(path)
    check_alike(reference, second)
    if remark := lengths_remark(reference, second):
        raise InputError(f"--reference: {remark}; it must last as long as {second.path}")
    return reference


def _notices(first: Clip, second: Clip, found: Survey, *, exact: bool) -> list[str]:
    length = common_seconds(first, second)
    notices = [lengths_remark(first, second) or "", hdr_remark(first, second) or ""]
    likeness = fmean(f.psnr_db for f in found.figures)
    if notices[0] and likeness < UNLIKE_DB:
        notices.append(
            f"{first.path} and {second.path} may not show the same moments: their PSNR is "
            f"{likeness:.1f} dB only; --start says where in the first the second begins"
        )
    if length > PLAYER_SECONDS:
        notices.append(
            f"the players hold the first {PLAYER_SECONDS} s of {float(length):.3f} s; the curves "
            "and the pictures are of all of it"
        )
    if found.player_size and found.player_size[0] < second.size[0] - 1:
        notices.append(
            f"the players are scaled from {second.size[0]}x{second.size[1]} to "
            f"{found.player_size[0]}x{found.player_size[1]}"
        )
    if found.every > 1:
        notices.append(f"one frame in {found.every} was measured")
    if not exact:
        notices.append(
            f"pictures of more than {EXACT_BYTES >> 20} MiB as PNG are embedded as JPEG of quality "
            f"{JPEG_QUALITY}"
        )
    return [notice for notice in notices if notice]


def _picture_uri(picture: NDArray[np.uint8]) -> tuple[str, bool]:
    """A data: address of an RGB picture, and whether it is exact."""
    from PIL import Image

    image = Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, "PNG")
    if len(file.getvalue()) <= EXACT_BYTES:
        return data_uri("image/png", file.getvalue()), True
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return data_uri("image/jpeg", file.getvalue()), False


def _page(
    asked: Asked,
    clips: tuple[Clip, Clip],
    found: Survey,
    pictures: list[list[str]],
    facts: Mapping[str, str],
    notices: list[str],
) -> str:
    labels = (asked.labels[0] or "first", asked.labels[1] or "second")
    names = asked.first_is or clips[0].path.name, clips[1].path.name
    charts = charts_of(found, labels, asked.reference.name if asked.reference else "")
    end = float(common_seconds(*clips))
    told = {"File": names} | clip_facts(*clips, still=not found.players)
    notes = []
    if not found.players:
        told |= chart_facts(charts)
        notes = [f"{chart.title}: {chart.note}" for chart in charts]
    style = packaged("page.css")
    script = packaged("page.js") + (packaged("motion.js") if found.players else "")
    return Template(packaged("page.html")).substitute(
        style=style,
        style_hash=_sha256(style),
        script=script,
        script_hash=_sha256(script),
        version=escape(__version__),
        first_label=escape(labels[0]),
        second_label=escape(labels[1]),
        first_name=escape(names[0]),
        second_name=escape(names[1]),
        times_from=_times_from(asked),
        stats=stats_html(found, labels, size=clips[1].size, count=found.count, end=end),
        frames_intro=pictures_intro(found),
        pairs=pairs_html(found, pictures, labels),
        moments=moments_html(found),
        motion=motion_html(found, labels, charts, end),
        facts=facts_html(labels, told, facts, notes),
        notices=_notices_html(notices),
        data=_json(_data(clips[1], found, charts, labels, end)),
    )


def _times_from(asked: Asked) -> str:
    """What the times on the page count from, where that is not the files' beginning."""
    words = asked.times_from
    if asked.start:
        words = f"{float(asked.start):.3f} s of {asked.first.name}"
    return f"<p>Times on this page count from {escape(words)}.</p>" if words else ""


def _data(
    clip: Clip, found: Survey, charts: list[Chart], labels: tuple[str, str], end: float
) -> dict[str, object]:
    """What the script needs."""
    return {
        "labels": labels,
        "width": clip.size[0],
        "height": clip.size[1],
        "aspect": float(clip.sample_aspect_ratio),
        "foremost": found.foremost,
        "places": [[round(share, 4) for share in sight.place] for sight in found.chosen],
        "times": [round(float(at), 6) for at in found.times],
        "points": [round(float(f.seconds), 6) for f in found.figures],
        "end": end,
        "curves": [
            [{"label": c.label, "values": [round(v, 2) for v in c.values]} for c in chart.curves]
            for chart in charts
        ],
    }


def _notices_html(notices: list[str]) -> str:
    if not notices:
        return ""
    return f'<ul class="notices">{"".join(f"<li>{escape(text)}</li>" for text in notices)}</ul>'


def _json(data: dict[str, object]) -> str:
    """As it may stand in a script element: nothing in it can end that."""
    return json.dumps(data).replace("<", "\\u003c")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
