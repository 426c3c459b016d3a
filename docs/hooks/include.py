"""Puts texts of the repository into the site's pages, so that each is written once.

    <!-- include: train/README.md -->            the whole file
    <!-- include: README.md#on-a-gpu -->         one section with those below it, by its heading's anchor
    <!-- include: README.md#beginning -->        what stands before the first section
    <!-- program: examples/deblur_file.py -->    a program, as code

Links of included texts lead to the page that includes their target. What no page includes stays as
text, because the site knows no address of the repository. A link to what does not exist is left for
mkdocs to complain of. Blocks of help are left out: the page of commands has them.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
INCLUDE = re.compile(r"^<!-- include: (?P<path>[^#\s]+)(?:#(?P<section>\S+))? -->$", re.MULTILINE)
PROGRAM = re.compile(r"^<!-- program: (?P<path>\S+) -->$", re.MULTILINE)
HELP = re.compile(r"^<!-- help: .*?^<!-- /help -->\n", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(?P<marks>#+) (?P<title>.+)$", re.MULTILINE)
LINK = re.compile(
    r"(?P<sign>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)"
)
PICTURES = (".png", ".svg")
BEGINNING = "beginning"


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures that included texts show."""
    for _, source, section in _inclusions(files):
        for match in LINK.finditer(_text(source, section)):
            picture = _path(source, match["path"])
            if picture.suffix in PICTURES and not files.get_file_from_path(_uri(picture)):
                files.append(File.generated(config, _uri(picture), abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Replace what the module's text shows, and lead all links to where their targets are."""
    here = Path(page.file.abs_src_path or "")

    def included(match: re.Match[str]) -> str:
        source = ROOT / match["path"]
        return _relinked(_text(source, match["section"]), source, files)

    def program(match: re.Match[str]) -> str:
        return f"```python\n{(ROOT / match['path']).read_text(encoding='utf-8')}```"

    return PROGRAM.sub(program, INCLUDE.sub(included, _relinked(markdown, here, files)))


def _inclusions(files: Files) -> list[tuple[str, Path, str | None]]:
    """(page, file, section) of everything that pages include."""
    return [
        (file.src_uri, ROOT / match["path"], match["section"])
        for file in files.documentation_pages()
        for match in INCLUDE.finditer(file.content_string)
    ]


def _text(source: Path, section: str | None) -> str:
    """A file without blocks of help, or one of its sections.

    Raises:
        ValueError: there is no such section.
    """
    text = HELP.sub("", source.read_text(encoding="utf-8"))
    if section is None:
        return text
    headings = [match for match in _headings(text) if len(match["marks"]) > 1]
    if section == BEGINNING:
        return text[: headings[0].start()].partition("\n")[2]  # a page has its own title
    for number, heading in enumerate(headings):
        if _anchor(heading["title"]) == section:
            behind = headings[number + 1 :]
            ends = [h.start() for h in behind if len(h["marks"]) <= len(heading["marks"])]
            return text[heading.start() : ends[0] if ends else len(text)]
    raise ValueError(f"{source} has no section {section!r}")


def _headings(text: str) -> list[re.Match[str]]:
    """Those outside of code, with their places."""
    blanked = FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return list(HEADING.finditer(blanked))


def _anchor(title: str) -> str:
    """As Python-Markdown makes it, and GitHub for titles like ours."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


def _relinked(text: str, source: Path, files: Files) -> str:
    """A text whose links lead to the site's pages; `source` is the file that it was written in."""
    parts = FENCED.split(text)  # code at odd places
    lead = partial(_led, source=source, files=files)
    return "".join(part if at % 2 else LINK.sub(lead, part) for at, part in enumerate(parts))


def _led(match: re.Match[str], *, source: Path, files: Files) -> str:
    if "://" in match["path"]:
        return match[0]
    target = _path(source, match["path"]) if match["path"] else source
    page = _home(target, match["anchor"], files)
    if page is None:
        return match[0] if not target.exists() else match["text"]
    anchor = f"#{match['anchor']}" if match["anchor"] else ""
    return f"{match['sign']}[{match['text']}]({page}{anchor})"


def _home(target: Path, anchor: str | None, files: Files) -> str | None:
    """Where a file of the repository, or a section of it, is on the site."""
    own = files.get_file_from_path(_uri(target)) or files.get_file_from_path(
        _uri(target).removeprefix("docs/")
    )
    if own:
        return own.src_uri
    for page, source, section in _inclusions(files):
        if source != target or (anchor is None and section not in (None, BEGINNING)):
            continue
        anchors = {_anchor(heading["title"]) for heading in _headings(_text(source, section))}
        if anchor is None or anchor in anchors:
            return page
    return None


def _path(source: Path, link: str) -> Path:
    return Path(os.path.normpath(source.parent / link))


def _uri(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
