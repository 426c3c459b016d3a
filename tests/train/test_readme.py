"""The trainer's pages do what they say: commands parse, links lead somewhere, tables are true."""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import cache

import pytest
import torch
import tyro
from torch import nn

from tests.documents import ROOT
from tests.documents import blocks_of as fenced
from train.__main__ import COMMANDS, CONFIG
from train.critics import CriticRecipe, make_critic
from train.generators import ARCHITECTURES, make_generator
from train.generators.deblurgan import ResidualBlock
from train.recipe import read_recipe, recipe_from_table

PAGES = ("train/README.md", "docs/deblurgan.md", "docs/training.md")
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}


def blocks(page, language):
    return fenced(TEXTS[page], language)


LINES = {
    page: [
        line
        for block in blocks(page, "bash")
        for line in block.replace("\\\n", " ").splitlines()
        if " -m train " in line
    ]
    for page in PAGES
}
ALL_LINES = [*dict.fromkeys(line for lines in LINES.values() for line in lines)]


@cache
def parse(line):
    """Give the command that a line calls, with its options read and nothing run."""
    words = shlex.split(line.partition(" -m train ")[2], comments=True)
    return tyro.extras.subcommand_cli_from_dict(COMMANDS, args=words, config=CONFIG)


@pytest.mark.parametrize("line", ALL_LINES, ids=range(len(ALL_LINES)))
def test_every_command_line_parses(line):
    """Each option of a documented line exists and takes what it is given; files of ours are there."""
    command = parse(line)

    assert type(command) is COMMANDS[line.partition(" -m train ")[2].split()[0]]
    for word in shlex.split(line):
        if word.startswith("train/"):
            assert (ROOT / word).is_file(), word


def test_every_command_is_documented():
    """The manual has a line for each command; no page names one that does not exist."""
    named = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"python\s+-m\s+train\s+([a-z-]+)", text)
    }

    assert {type(parse(line)) for line in LINES["train/README.md"]} == {*COMMANDS.values()}
    assert named == {*COMMANDS}


def test_a_renamed_option_is_noticed(capsys):
    """What no command knows ends the parser: the test above is not satisfied by anything."""
    with pytest.raises(SystemExit):
        parse("python -m train mix --first a --second b --part 0.5 --out c")

    assert "--part" in capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    """Every relative link names a file that exists and, after #, one of its headings."""
    here = ROOT / page
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", TEXTS[page]):
        if "://" in target:
            continue
        file = here.parent / target if target else here
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


@pytest.mark.parametrize("text", [b for page in PAGES for b in blocks(page, "toml")])
def test_every_recipe_shown_is_one(text):
    """A TOML block in a page has no unknown key and no value out of range."""
    assert recipe_from_table(tomllib.loads(text), "page").phases


def table(name):
    """Read a table of layers: (output, parameters) of each row, and the total of its last row."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", TEXTS[PAGES[1]], re.DOTALL)
    assert found
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()[2:]
    ]
    *layers, total = [(row[-2], int(row[-1].replace(",", ""))) for row in rows]
    return layers, total[1]


def layers_of(network):
    """(Shape, parameters) of each layer with weights, norms with the one before."""
    rows = []

    def watch(module, _inputs, output):
        shape, size = tuple(output.shape[1:]), sum(p.numel() for p in module.parameters())
        if isinstance(module, nn.BatchNorm2d):
            rows[-1] = (rows[-1][0], rows[-1][1] + size)
        elif size:
            rows.append((shape, size))

    of_blocks = {m for block in blocks_of(network) for m in block.modules() if m is not block}
    for module in network.modules():
        if module not in of_blocks and (
            not [*module.children()] or isinstance(module, ResidualBlock)
        ):
            module.register_forward_hook(watch)
    with torch.inference_mode():
        network(torch.zeros(2, 3, 256, 256))
    return rows


def blocks_of(network):
    return [m for m in network.modules() if isinstance(m, ResidualBlock)]


def written(rows):
    return [(" x ".join(map(str, shape)), size) for shape, size in rows]


def test_the_table_of_the_generator_is_the_generator():
    """Shapes and parameters of every row, the residual blocks as one, and their sum."""
    recipe = read_recipe(ROOT / "train/recipes/deblurgan.toml")
    generator = make_generator(recipe.architecture)
    rows = layers_of(generator)
    stem, bodies, rest = rows[:3], rows[3:12], rows[12:]
    body = (bodies[0][0], sum(size for _, size in bodies))
    layers, total = table("generator")

    assert recipe.architecture == ARCHITECTURES["deblurgan"]
    assert layers == written([*stem, body, *rest])
    assert total == sum(size for _, size in layers)


def test_the_table_of_the_critic_is_the_critic():
    """Shapes and parameters of every row, and their sum."""
    critic = make_critic(CriticRecipe(kind="deblurgan-dense", norm="batch"), "linear")
    layers, total = table("critic")

    assert layers == written(layers_of(critic))
    assert total == sum(size for _, size in layers)
