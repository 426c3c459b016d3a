"""The documentation's site: whole, true, and fetching nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser

import pytest
import typer

import deblurvid
from deblurvid.cli.app import app
from deblurvid.stages.ffmpeg import READABLE_FORMATS, WRITABLE_FORMATS
from deblurvid.stages.images import IMAGE_SUFFIXES
from deblurvid.stages.layouts import LAYOUTS
from tests.documents import ROOT, calls_in, parse, shown_in

pytest.importorskip("mkdocs", reason="needs the docs extra")

PAGES = sorted((ROOT / "docs").glob("*.md"))
SHOWN = [block for page in PAGES for block in shown_in(page.read_text(encoding="utf-8"))]
CALLS = {" ".join(call): call for block in SHOWN for call in calls_in(block)}
FETCHING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
STYLED = re.compile(r"""(?:url\(|@import )\s*["']?([^)"';]+)""")
"""An address in a style sheet."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `.ci/run` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def words_of(page):
    """A page's text, without its tags."""
    return unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


class Fetched(HTMLParser):
    """Addresses that a browser fetches by itself."""

    def __init__(self, text):
        """Read a page."""
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note the addresses of a tag."""
        if address := dict(attrs).get(FETCHING.get(tag, "")):
            self.addresses.append(address)


def test_every_page_is_built(site):
    """One for each text, and no other."""
    built = {page.stem for page in site.glob("*.html")} - {"404"}

    assert {page.stem for page in PAGES} == built


def test_nothing_is_fetched_from_elsewhere(site):
    """No link, script or picture of a page, and nothing in a style, has an address with a host."""
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    addresses = {address for page in pages for address in Fetched(page).addresses}
    styles = {
        address
        for style in site.rglob("*.css")
        for address in STYLED.findall(style.read_text(encoding="utf-8"))
    }

    assert {"tables.css", "examples/before_after.png"} <= addresses
    assert [a for a in addresses | styles if re.match(r"[a-z]+:|//", a) and a[:5] != "data:"] == []
    # The theme would fetch the program that draws these.
    assert not [page for page in pages if 'class="mermaid"' in page]


def test_every_command_and_option_is_told(site):
    """With the beginning of its help."""
    words = " ".join(words_of(site / "commands.html").split())
    group = typer.main.get_command(app)

    for name, command in group.commands.items():
        assert f"Usage: deblurvid {name}" in words
        for parameter in command.params:
            names = [parameter.metavar] if parameter.param_type_name == "argument" else parameter.opts  # fmt: skip
            told = rf"{re.escape(' '.join(names))} .{{0,60}}{re.escape(parameter.help[:20])}"
            assert re.search(told, words), told


def test_every_format_is_told(site):
    """Suffixes, demuxers and pixel formats."""
    words = set(words_of(site / "formats.html").split())

    assert {*WRITABLE_FORMATS, *IMAGE_SUFFIXES, *READABLE_FORMATS.split(","), *LAYOUTS} <= words


def test_every_public_name_is_told(site):
    """Each has an anchor of its own."""
    page = (site / "python.html").read_text(encoding="utf-8")
    anchors = {
        anchor.rpartition(".")[2] for anchor in re.findall(r'id="(deblurvid\.[\w.]+)"', page)
    }

    assert {*deblurvid.__all__, "RunOptions", "Started", "Finished"} <= anchors


def test_texts_are_included_and_their_links_led(site):
    """A section of the README stands on its page; what only the repository has is no link."""
    gpu, manual = (
        (site / name).read_text(encoding="utf-8") for name in ("gpu.html", "training-manual.html")
    )
    quick = (site / "quick-start.html").read_text(encoding="utf-8")

    assert "No part of this has run on a GPU yet." in gpu
    assert 'href="training-log.html"' in manual
    assert 'href="gpu.html#on-a-gpu"' in (site / "index.html").read_text(encoding="utf-8")
    assert "deblurvid/graph/contract.py" in quick
    assert not re.search(r'href="[^"]*\.py"', quick)
    assert "--stall-timeout" not in quick


def test_every_message_about_gpus_is_one():
    """What the page says that a run says stands in the program."""
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/gpu.md").read_text(), re.MULTILINE)
    told = re.findall("`([^`]+)`", " ".join(rows))
    source = (ROOT / "deblurvid/backends/preflight.py").read_text()

    assert len(told) >= 6
    assert [text for text in told if text not in source] == []


@pytest.mark.parametrize("words", CALLS.values(), ids=CALLS.keys())
def test_every_command_of_the_pages_parses(words):
    """No option of a call is unknown, and every value can be read."""
    parse(words)


@pytest.mark.parametrize(
    "words",
    [["rum"], ["run", "in.mp4"], ["run", "in.mp4", "-o", "x", "--bogus"], ["bench", "--frames", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_command_is_noticed(words):
    """What the program does not know, the test above finds."""
    with pytest.raises((AssertionError, typer.TyperException)):
        parse(words)
