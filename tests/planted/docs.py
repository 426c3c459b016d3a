"""Faults in what is offered to Python programs, and in what is said of the program."""

from tests.planted.fault import Fault

IMAGE = "tests/test_image.py::"
SITE = "tests/test_site.py::"

FAULTS = (
    Fault(
        "an image's channels in OpenCV's order",
        "deblurvid/image.py",
        "image[..., channel] for channel in range(3)",
        "image[..., 2 - channel] for channel in range(3)",
        (IMAGE + "test_each_channel_gets_its_own_change",),
    ),
    Fault(
        "strength of an image forgotten",
        "deblurvid/image.py",
        "opened.submit(planes, strength=strength)",
        "opened.submit(planes, strength=1.0)",
        (IMAGE + "test_strength_0_gives_the_picture_back",),
    ),
    Fault(
        "NaN in an image passed over",
        "deblurvid/image.py",
        "if restored.invalid or became_flat(",
        "if became_flat(",
        (IMAGE + "test_what_a_generator_breaks_is_an_error",),
    ),
    Fault(
        "high bytes of codes before low ones",
        "deblurvid/frames.py",
        "(plane & 255, plane >> 8)",
        "(plane >> 8, plane & 255)",
        (IMAGE + "test_planes_of_codes_hold_low_bytes_then_high_bytes",),
    ),
    Fault(
        "an open engine taken for pictures of another kind",
        "deblurvid/choose.py",
        "(spec.width, spec.height, spec.picture) != (*size, picture)",
        "(spec.width, spec.height) != size",
        (IMAGE + "test_an_engine_for_other_pictures_is_refused",),
    ),
    Fault(
        "an engine that a run made left open",
        "deblurvid/choose.py",
        "        with engine(size, picture) as opened:\n            yield opened\n",
        "        yield engine(size, picture)\n",
        ("tests/judge/test_given_engine.py",),
    ),
    Fault(
        "a shell's question taken for a call",
        "deblurvid/cli/app.py",
        "if os.environ.get(COMPLETE):",
        "if os.environ.get(COMPLETE) and words:",
        ("tests/cli/test_completion.py::test_what_bash_is_given",),
    ),
    Fault(
        "plans not offered to shells",
        "deblurvid/cli/completing.py",
        '(".onnx", ".plan")',
        '(".onnx",)',
        ("tests/cli/test_completion.py::test_generators_and_plans_of_a_folder_are_offered",),
    ),
    Fault(
        "an example that the program does not know",
        "deblurvid/cli/engines.py",
        "deblurvid engines --verify --prune",
        "deblurvid engines --check --prune",
        ("tests/cli/test_help.py::test_every_help_ends_with_examples",),
    ),
    Fault(
        "the site's letters fetched from elsewhere",
        "mkdocs.yml",
        "  font: false\n",
        "",
        (SITE + "test_nothing_is_fetched_from_elsewhere",),
    ),
    Fault(
        "a command's last option left out of its page",
        "docs/hooks/tables.py",
        "for parameter in command.params:",
        "for parameter in command.params[:-1]:",
        (SITE + "test_every_command_and_option_is_told",),
    ),
    Fault(
        "links of included texts left as they are",
        "docs/hooks/include.py",
        'return _relinked(_text(source, match["section"]), source, files)',
        'return _text(source, match["section"])',
        (SITE + "test_every_page_is_built",),
    ),
)
