"""What a survey measured -> the charts of a page, and the figures at its head."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from deblurvid.judge.compare.charts import Chart, Curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.judge.compare.survey import Survey

SHARPNESS_NOTE = (
    "Variance of the Laplacian: how much fine detail a picture holds, wanted or not. Noise and "
    "ringing raise it too."
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


def stats_html(found: Survey, labels: tuple[str, str], end: float) -> str:
    """The means of the curves, in large letters."""
    before, after = (sum(f.sharpness[n] for f in found.figures) for n in (0, 1))
    alike = sum(f.psnr_db for f in found.figures) / len(found.figures)
    minus = "\N{MINUS SIGN}"
    change = f"{100 * (after / before - 1):+.1f} %" if before else "-"
    rows = {f"sharpness of {labels[1]} against {labels[0]}": change}
    if to_sharp := _to_sharp(found):
        gain = sum(b - a for a, b in to_sharp) / len(to_sharp)
        rows["PSNR gained towards the sharp truth"] = f"{gain:+.2f} dB"
    rows |= {"PSNR of one to the other": f"{alike:.1f} dB", "compared": f"{end:.2f} s"}
    return "\n".join(
        f"    <div><dt>{escape(name)}</dt><dd>{value.replace('-', minus)}</dd></div>"
        for name, value in rows.items()
    )
