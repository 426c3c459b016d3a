"""Figures of many frames -> charts in SVG and a table, as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1000, 200
"""Units of the drawing, which is stretched to its place."""
STEPS = (1, 2, 2.5, 5, 10)
TICKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line."""

    label: str
    mark: str
    """Class of the style sheet: is-a or is-b."""
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines over the same moments."""

    title: str
    note: str
    unit: str
    curves: tuple[Curve, ...]
    from_zero: bool
    """The axis begins at 0."""


def chart_html(
    chart: Chart, number: int, seconds: Sequence[float], end: float, chosen: Sequence[float]
) -> str:
    """A figure with the lines; `chosen` are moments that are marked, `end` that of the axis."""
    low, high, step = axis([v for c in chart.curves for v in c.values], from_zero=chart.from_zero)
    ticks = [low + step * n for n in range(round((high - low) / step) + 1)]

    def y(value: float) -> float:
        return HEIGHT * (high - value) / (high - low)

    grid = "".join(f'<line x1="0" x2="{WIDTH}" y1="{y(t):.1f}" y2="{y(t):.1f}"/>' for t in ticks)
    marks = "".join(_upright("chosen", WIDTH * at / end) for at in chosen)
    lines = "".join(
        f'<path class="{c.mark}" d="{_path(seconds, c.values, end, y)}"/>' for c in chart.curves
    )
    said = "; ".join(_in_words(curve, chart.unit) for curve in chart.curves)
    legend = "".join(
        f'<li class="{c.mark}"><span>{escape(c.label)}</span></li>' for c in chart.curves
    )
    rows = "".join(f"<span>{_short(tick)}</span>" for tick in reversed(ticks))
    columns = "".join(f"<span>{_short(end * n / TICKS)} s</span>" for n in range(TICKS + 1))
    return (
        f'<figure class="chart" data-chart="{number}"><figcaption><h3>{escape(chart.title)}</h3>'
        f'<p>{escape(chart.note)}</p><ul class="legend">{legend}</ul></figcaption>'
        f'<div class="plot"><div class="ticks y" aria-hidden="true">{rows}</div>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(chart.title)}: {escape(said)}">{grid}{marks}{lines}'
        f"{_upright('now', 0)}</svg>"
        f'<div class="ticks x" aria-hidden="true">{columns}</div></div>'
        f'<span class="readout">{escape(said)}</span></figure>'
    )


def table_html(charts: Sequence[Chart], seconds: Sequence[float]) -> str:
    """All figures of all charts, a moment a row."""
    heads = [
        f"{chart.title}{', ' + c.label if len(chart.curves) > 1 else ''} ({chart.unit})"
        for chart in charts
        for c in chart.curves
    ]
    columns = [curve.values for chart in charts for curve in chart.curves]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in ("Time (s)", *heads))
    body = "".join(
        f'<tr><th scope="row">{at:.3f}</th>{"".join(f"<td>{v:.2f}</td>" for v in row)}</tr>'
        for at, *row in zip(seconds, *columns, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def axis(values: Sequence[float], *, from_zero: bool) -> tuple[float, float, float]:
    """The ends of an axis and the step of its ticks: round numbers around the values.

    Steps are 1, 2, 2.5 or 5 times a power of ten, about `TICKS` of them.
    """
    low, high = 0.0 if from_zero else min(values), max(values)
    if high - low < 1e-9:
        low, high = (0.0, high or 1.0) if from_zero else (low - 1, high + 1)
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(s * power for s in STEPS if s * power >= rough - 1e-12)
    return step * floor(low / step), step * -floor(-high / step), step


def _path(seconds: Sequence[float], values: Sequence[float], end: float, y: object) -> str:
    assert callable(y)  # noqa: S101 - a function of one value
    points = [f"{WIDTH * s / end:.1f} {y(v):.1f}" for s, v in zip(seconds, values, strict=True)]
    if len(points) == 1:  # a single picture: a line across
        points = [f"0 {y(values[0]):.1f}", f"{WIDTH} {y(values[0]):.1f}"]
    return "M" + "L".join(points)


def _upright(name: str, x: float) -> str:
    return f'<line class="{name}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/>'


def _in_words(curve: Curve, unit: str) -> str:
    mean = sum(curve.values) / len(curve.values)
    least, most = min(curve.values), max(curve.values)
    return f"{curve.label} {_short(mean)} {unit} on average, {_short(least)} to {_short(most)}"


def _short(value: float) -> str:
    return f"{value:.4g}"
