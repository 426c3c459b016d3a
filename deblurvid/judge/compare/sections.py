"""What a survey found -> the parts of a page: pictures, players and curves, as HTML."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from deblurvid.judge.compare.charts import chart_html, table_html

if TYPE_CHECKING:
    from deblurvid.judge.compare.charts import Chart
    from deblurvid.judge.compare.survey import Survey


def pictures_intro(found: Survey) -> str:
    """What is seen above the pictures, in words."""
    if len(found.chosen) == 1:
        return "Drag the line, or use the arrow keys."
    return (
        "In each third of the time the frame in which the two differ most, and how much a colour "
        "value of it changes on average, of 255; first the one that differs most of all. "
        "Drag the line, or use the arrow keys."
    )


def pairs_html(found: Survey, pictures: list[list[str]], labels: tuple[str, str]) -> str:
    """The chosen pictures, of which the one that differs most is seen.

    Args:
        found: what was chosen.
        pictures: addresses of the first and the second picture of each.
        labels: of the first and the second.
    """
    return "\n".join(_pair_html(n, pair, labels, found) for n, pair in enumerate(pictures))


def _pair_html(number: int, pair: list[str], labels: tuple[str, str], found: Survey) -> str:
    what, hidden = "the picture", "" if number == found.foremost else " hidden"
    if found.players:
        what = f"the frame at {float(found.chosen[number].seconds):.3f} seconds"
    alts = [escape(f"{label}: {what}") for label in labels]
    return (
        f'      <div data-pair="{number}"{hidden}>'
        f'<img class="under" alt="{alts[1]}" src="{pair[1]}" draggable="false">'
        f'<img class="over" alt="{alts[0]}" src="{pair[0]}" draggable="false"></div>'
    )


def moments_html(found: Survey) -> str:
    """Buttons that choose the moment, where there are several."""
    if not found.players:
        return ""
    chips = "\n".join(
        _moment_html(n, float(sight.seconds), found) for n, sight in enumerate(found.chosen)
    )
    return (
        '    <div class="chips moments" role="group" aria-label="Which moment is shown">\n'
        f"{chips}\n    </div>"
    )


def _moment_html(number: int, at: float, found: Survey) -> str:
    change = next(f.mean_change for f in found.figures if float(f.seconds) == at)
    pressed = "true" if number == found.foremost else "false"
    return (
        f'      <button type="button" class="moment" data-moment="{number}" aria-pressed="{pressed}">'
        f'<img alt="" src="data:,"><span>{at:.3f} s<small>changed by {change:.1f}</small></span>'
        "</button>"
    )


def motion_html(found: Survey, labels: tuple[str, str], charts: list[Chart], end: float) -> str:
    """The players and the curves; nothing of single pictures."""
    if not found.players:
        return ""
    seconds = [float(f.seconds) for f in found.figures]
    chosen = [float(sight.seconds) for sight in found.chosen]
    return Template(packaged("motion.html")).substitute(
        first_label=escape(labels[0]),
        second_label=escape(labels[1]),
        players_intro=_players_intro(found),
        curves_intro=_curves_intro(found),
        first_video=data_uri("video/mp4", found.players[0]),
        second_video=data_uri("video/mp4", found.players[1]),
        charts="\n".join(chart_html(c, n, seconds, end, chosen) for n, c in enumerate(charts)),
        figures=table_html(charts, seconds),
    )


def _players_intro(found: Survey) -> str:
    how = (
        "encoded anew for browsers: the pictures above are the exact ones"
        if found.player_size
        else "as they are in the files"
    )
    return f"Both at the same moment, {len(found.times)} frames, {how}."


def _curves_intro(found: Survey) -> str:
    return (
        f"{len(found.figures)} frames measured. The dotted lines are the pictures above; a click "
        "takes the players there."
    )


def data_uri(kind: str, data: bytes) -> str:
    """A data: address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def packaged(name: str) -> str:
    """The text of a file beside this one."""
    return (files("deblurvid.judge.compare") / name).read_text(encoding="utf-8")
