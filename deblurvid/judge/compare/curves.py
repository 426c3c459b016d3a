"""What a survey measured -> the charts of a page, and the figures at its head."""

from __future__ import annotations

from html import escape
from statistics import fmean
from typing import TYPE_CHECKING

from deblurvid.judge.compare.charts import Chart, Curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.judge.compare.survey import Survey

SHARPNESS_NOTE = (
    "Variance of the Laplacian: how much fine detail a picture holds, wanted or not. Higher is not "
    "better by itself: noise and ringing raise it, and encoding anew lowers it."
)
TRUTH_NOTE = "PSNR of both to {name}, over RGB: the higher, the nearer to the sharp truth."
PSNR_NOTE = (
    "PSNR of {second} to {first}, over RGB: the lower, the more was changed. It does not tell "
    "whether for the better. 100 is no change."
)


def charts_of(found: Survey, labels: tuple[str, str], reference: str) -> list[Chart]:
    """Sharpness, nearness to the sharp truth where there is one, likeness of one to the other.

    Args:
        found: what was measured.
        labels: of the first and the second.
        reference: what the sharp truth is called.
    """
    first, second = labels
    charts = [
        Chart(
            title="Sharpness",
            note=SHARPNESS_NOTE,
            unit="codes\N{SUPERSCRIPT TWO}",
            curves=_both(labels, [f.sharpness for f in found.figures]),
            from_zero=True,
        )
    ]
    if to_sharp := _to_sharp(found):
        note, curves = TRUTH_NOTE.format(name=reference), _both(labels, to_sharp)
        charts.append(Chart(title="Fidelity", note=note, unit="dB", curves=curves, from_zero=False))
    values = tuple(f.psnr_db for f in found.figures)
    alike = (Curve(label=f"{second} to {first}", mark="is-b", values=values),)
    note = PSNR_NOTE.format(first=first, second=second)
    charts.append(Chart(title="Likeness", note=note, unit="dB", curves=alike, from_zero=False))
    return charts


def _both(labels: tuple[str, str], pairs: Sequence[tuple[float, float]]) -> tuple[Curve, ...]:
    return (
        Curve(label=labels[0], mark="is-a", values=tuple(a for a, _ in pairs)),
        Curve(label=labels[1], mark="is-b", values=tuple(b for _, b in pairs)),
    )


def _to_sharp(found: Survey) -> list[tuple[float, float]]:
    """PSNR of both to the truth, frame by frame; empty without one."""
    return [f.to_sharp_db for f in found.figures if f.to_sharp_db is not None]


def stats_html(
    found: Survey, labels: tuple[str, str], *, size: tuple[int, int], count: int, end: float
) -> str:
    """What was compared and how far the two differ, in large letters; first what tells good from bad.

    Args:
        found: what was measured.
        labels: of the first and the second.
        size: width and height of the pictures.
        count: frames that were compared.
        end: how many seconds.
    """
    minus = "\N{MINUS SIGN}"
    most = max(found.figures, key=lambda f: f.largest_change)
    mean = fmean(f.mean_change for f in found.figures)
    rows = {}
    if to_sharp := _to_sharp(found):
        gain = fmean(b - a for a, b in to_sharp)
        nearer = "nearer to" if gain >= 0 else "further from"
        text = f"PSNR: {labels[1]} is {nearer} the sharp truth than {labels[0]}"
        rows[text] = f"{gain:+.2f} dB".replace("-", minus)
    rows["how much a colour value changes, on average"] = f"{mean:.1f} of 255"
    when = f", at {float(most.seconds):.3f} s" if found.players else ""
    rows[f"the largest change{when}"] = f"{most.largest_change:.0f} of 255"
    shown = f"{size[0]}\N{MULTIPLICATION SIGN}{size[1]}"
    if found.players:
        rows[f"compared: {end:.2f} s of {shown}"] = "1 frame" if count == 1 else f"{count} frames"
    else:
        rows[f"compared: {shown}"] = "1 picture"
    return "\n".join(
        f"    <div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in rows.items()
    )
