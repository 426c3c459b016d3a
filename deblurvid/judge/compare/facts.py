"""What two files are -> tables, as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deblurvid.judge.compare.charts import Chart
    from deblurvid.stages.clip import Clip


OF_TIME = ("Frames", "Frame rate", "Length", "Bit rate")


def clip_facts(first: Clip, second: Clip, *, still: bool) -> dict[str, tuple[str, str]]:
    """Of both clips, by what is told; of single pictures nothing that belongs to time."""
    a, b = _facts(first), _facts(second)
    return {name: (a[name], b[name]) for name in a if not (still and name in OF_TIME)}


def chart_facts(charts: Sequence[Chart]) -> dict[str, tuple[str, str]]:
    """What was measured of single pictures; what is of both together stands with the second."""
    pairs = {}
    for chart in charts:
        values = [f"{curve.values[0]:.2f}" for curve in chart.curves]
        name = f"{chart.title} ({chart.unit})"
        pairs[name] = (values[0], values[1]) if len(values) > 1 else ("", values[0])
    return pairs


def _facts(clip: Clip) -> dict[str, str]:
    info = clip.info
    ratio = clip.sample_aspect_ratio
    shape = "" if ratio == 1 else f", samples {ratio.numerator}:{ratio.denominator}"
    tags = f"{info.colour.matrix}, {'full' if info.colour.full_range else 'limited'} range"
    return {
        "Size": f"{clip.size_bytes / 1e6:.2f} MB",
        "Container": "/".join(clip.container.split(",")[:2]),
        "Codec": info.codec,
        "Pixel format": info.pixel_format,
        "Picture": f"{clip.size[0]}x{clip.size[1]}{shape}{', turned' if clip.turn else ''}",
        "Colour": "RGB" if info.picture.source == "rgb" else tags,
        "Frames": str(clip.frames),
        "Frame rate": f"{float(1 / clip.step):.6g}",
        "Length": f"{float(clip.seconds):.3f} s",
        "Bit rate": f"{8 * clip.size_bytes / float(clip.seconds) / 1e6:.2f} Mbit/s",
    }


def facts_html(
    labels: tuple[str, str],
    clips: Mapping[str, tuple[str, str]],
    facts: Mapping[str, str],
    notes: Sequence[str] = (),
) -> str:
    """A table of both clips with notes below it, and one of the facts that were given."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(a)}</td><td>{escape(b)}</td></tr>'
        for name, (a, b) in clips.items()
    )
    text = (
        '<div class="sheet"><table><caption>The two files</caption><thead><tr><td></td>'
        f'<th scope="col" class="is-a">{escape(labels[0])}</th>'
        f'<th scope="col" class="is-b">{escape(labels[1])}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{''.join(f'<p>{escape(note)}</p>' for note in notes)}</div>"
    )
    if not facts:
        return text
    given = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return (
        f'{text}\n<div class="sheet"><table><caption>The run</caption>'
        f"<tbody>{given}</tbody></table></div>"
    )
