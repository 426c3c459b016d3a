"""The public face of the package."""

import subprocess
import sys
import tomllib
from pathlib import Path

import deblurvid

ROOT = Path(__file__).parent.parent


def test_all_names_exist_and_are_sorted():
    """Every name in __all__ can be had, and the list is in order."""
    assert sorted(deblurvid.__all__) == deblurvid.__all__
    for name in deblurvid.__all__:
        assert getattr(deblurvid, name).__name__ == name


def test_dir_lists_what_is_public():
    """Names that are imported when first used are found by whoever looks for them."""
    code = "import deblurvid; print(set(deblurvid.__all__) - set(dir(deblurvid)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_every_error_is_public_and_two_things():
    """Each error is exported, a DeblurvidError, and a builtin that fits."""
    from deblurvid import errors

    for name, error in vars(errors).items():
        if isinstance(error, type) and error is not errors.DeblurvidError:
            assert name in deblurvid.__all__
            assert issubclass(error, errors.DeblurvidError)
            assert issubclass(error, (ValueError, OSError, RuntimeError))
            assert name in (errors.__doc__ or "")


def test_version_stands_in_one_place_each():
    """The package, pyproject.toml and the newest release in the changelog agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == deblurvid.__version__
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()


def test_importing_the_package_costs_nothing():
    """`import deblurvid` loads none of the heavy libraries."""
    code = "import sys, deblurvid; print([m for m in ('av','onnx','openvino','numpy','rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_note_that_is_referred_to_exists():
    """Each `See Note: [x]` has its `Note: [x]`."""
    import re

    text = "\n".join(path.read_text() for path in (ROOT / "deblurvid").rglob("*.py"))
    referred = set(re.findall(r"[Ss]ee Note: \[([^\]]+)\]", text))
    written = set(re.findall(r"(?<![Ss]ee )Note: \[([^\]]+)\]", text))

    assert referred <= written
