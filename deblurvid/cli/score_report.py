"""The object of `deblurvid score` -> tables for people, on a terminal or in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deblurvid.progress.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOWN_ITEMS = 30
"""So many have a row; `--json` has them all."""
DASH = "-"
"""Stands for what cannot be said."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its title, headings, and rows of text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def trimmed(self) -> Section:
        """Without the columns in which nothing is said."""
        kept = [at for at in range(len(self.headings)) if any(row[at] != DASH for row in self.rows)]
        return Section(
            self.title,
            [self.headings[at] for at in kept],
            [[row[at] for at in kept] for row in self.rows],
        )


def sections(result: dict[str, Any]) -> Iterator[Section]:
    """The tables that have something to say."""
    items = [(printable(item["name"]), item) for item in result["items"]]
    rows = items if len(items) == 1 else [("all", result["all"]), *items[:SHOWN_ITEMS]]
    found = [
        _psnr(rows),
        _ssim(rows),
        _laplacian(rows, result["all"]["ratio"]),
        _flicker(rows),
        _bands(result["all"]["bands"] or []),
        _extremes(result["all"]),
    ]
    for section in found:
        # The first columns name a row; beyond them there must be a figure.
        if any(cell != DASH for row in section.rows for cell in row[2:]):
            yield section.trimmed()


def _number(value: float | None, form: str) -> str:
    return DASH if value is None else format(value, form)


def _of(figures: dict[str, Any], kind: str, name: str, form: str) -> str:
    return _number((figures[kind] or {}).get(name), form)


_Rows = list[tuple[str, dict[str, Any]]]


def _psnr(rows: _Rows) -> Section:
    headings = ["PSNR in dB", "frames"]
    headings += ["blurred", "restored", "gain", "Y blurred", "Y restored", "Y gain"]
    return Section(
        "How near to the reference: PSNR",
        headings,
        [
            [
                name,
                str(f["frames"]),
                *(
                    _of(f, kind, figure, "+.2f" if kind == "gain" else ".2f")
                    for figure in ("psnr_db", "psnr_y_db")
                    for kind in ("blurred", "restored", "gain")
                ),
            ]
            for name, f in rows
        ],
    )


def _ssim(rows: _Rows) -> Section:
    return Section(
        "How near to the reference: SSIM",
        ["SSIM", "frames", "blurred", "restored", "gain"],
        [
            [
                name,
                str(f["frames"]),
                _of(f, "blurred", "ssim", ".4f"),
                _of(f, "restored", "ssim", ".4f"),
                _of(f, "gain", "ssim", "+.4f"),
            ]
            for name, f in rows
        ],
    )


def _laplacian(rows: _Rows, ratio: dict[str, Any] | None) -> Section:
    of = f"restored / {ratio['of']}" if ratio else "ratio"
    lines = []
    for name, f in rows:
        for size in f["restored"]["laplacian"]:
            values = [
                ((f[kind] or {}).get("laplacian") or {}).get(size)
                for kind in ("reference", "blurred", "restored")
            ]
            own = (f["ratio"] or {}).get("laplacian", {}).get(size)
            lines.append([name, size, *(_number(v, ".1f") for v in values), _number(own, ".3f")])
    title = "How much fine detail, wanted or not: variance of the Laplacian"
    return Section(title, ["variance", "size", "reference", "blurred", "restored", of], lines)


def _flicker(rows: _Rows) -> Section:
    headings = ["flicker", "frames", "warping reference", "blurred", "restored"]
    headings += ["own warping blurred", "own restored", "tOF px blurred", "tOF restored"]
    lines = []
    for name, f in rows:
        warps = [_scaled(f, kind, "warping_error") for kind in ("reference", "blurred", "restored")]
        owns = [_scaled(f, kind, "own_warping_error") for kind in ("blurred", "restored")]
        tofs = [_of(f, kind, "tof_px", ".3f") for kind in ("blurred", "restored")]
        lines.append([name, str(f["frames"]), *warps, *owns, *tofs])
    title = "What changes beyond what moves: warping error in 1e-3, and tOF"
    return Section(title, headings, lines)


def _scaled(figures: dict[str, Any], kind: str, name: str) -> str:
    value = (figures[kind] or {}).get(name)
    return DASH if value is None else f"{1e3 * value:.3f}"


def _bands(bands: list[dict[str, Any]]) -> Section:
    lines = []
    for band in bands:
        if band["frames"]:
            low, high = band["from_db"], band["below_db"]
            ends = [f"{low:g} dB and more" if low else "", f"below {high:g} dB" if high else ""]
            names = ("gain_db", "least_gain_db", "greatest_gain_db")
            gains = [_number(band[name], "+.2f") for name in names]
            lines.append([", ".join(filter(None, ends)), str(band["frames"]), *gains])
    headings = ["PSNR of the blurred input", "frames", "gain dB", "least", "greatest"]
    return Section("Gain by how blurred the input is", headings, lines)


def _extremes(figures: dict[str, Any]) -> Section:
    lines = [
        [
            which,
            printable(moment["item"]),
            printable(moment["file"]) if moment["file"] else str(moment["frame"]),
            _number(moment["seconds"], ".3f"),
            _number(moment["blurred_psnr_db"], ".2f"),
            _number(moment["psnr_db"], ".2f"),
        ]
        for which in ("worst", "best")
        for moment in figures[which]
        if figures["frames"] > 1
    ]
    headings = ["which", "of", "frame", "seconds", "PSNR blurred", "PSNR restored"]
    return Section("Worst and best frames by PSNR", headings, lines)


def remarks(result: dict[str, Any], shown: Sequence[Section]) -> Iterator[str]:
    """What is said below the tables."""
    yield from map(printable, result["notes"])
    if (more := len(result["items"]) - SHOWN_ITEMS) > 0:
        yield f"{more} more have no row here; --json writes them all."
    said = " ".join(f"{s.title} {' '.join(s.headings)}" for s in shown)
    methods = result["methods"]
    for word, names in _SAID_WITH.items():
        if word in said:
            yield from (f"{name}: {methods[name]}." for name in names)


_SAID_WITH = {
    "PSNR in dB": ("psnr_db",),
    "Y restored": ("psnr_y_db",),
    "SSIM": ("ssim",),
    "Laplacian": ("laplacian",),
    "warping reference": ("warping_error",),
    "own restored": ("own_warping_error",),
    "tOF px": ("tof_px",),
    "frames": ("rgb",),
}
"""Words of a table -> the methods that are told with it."""


def show_result(result: dict[str, Any], *, stderr: bool) -> None:
    """Print the tables, and below them how they were measured."""
    console = Console(highlight=False, stderr=stderr)
    shown = list(sections(result))
    for section in shown:
        table = Table(title=section.title, title_justify="left", box=SIMPLE_HEAD)
        for at, heading in enumerate(section.headings):
            cells = [*heading.split(), *(row[at] for row in section.rows)]
            width = max(map(len, cells)) if at else None  # a name may be cut, a figure not
            table.add_column(heading, justify="right" if at else "left", min_width=width)
        for row in section.rows:
            table.add_row(*map(escape, row))
        console.print(table)
    for line in remarks(result, shown):
        console.print(line, markup=False, soft_wrap=True)


def markdown_from_result(result: dict[str, Any]) -> str:
    """The same as Markdown."""
    shown = list(sections(result))
    blocks = [f"`{printable(result['command'])}`"]
    for section in shown:
        lines = [section.headings, ["---", *["---:"] * (len(section.headings) - 1)], *section.rows]
        escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
        table = "\n".join(f"| {' | '.join(line)} |" for line in escaped)
        blocks += [f"**{section.title}**", table]
    return "\n\n".join([*blocks, *remarks(result, shown)]) + "\n"
