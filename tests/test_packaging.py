"""What the wheel carries."""

import subprocess
import sys
import zipfile
from pathlib import Path

from deblurvid.choose import shipped_generators

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_the_package_and_the_generators_only(tmp_path):
    """Generators with their cards, the page's parts and the typing marker are in; trainer, tests, examples are not."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {"deblurvid/py.typed", "deblurvid/cli/__init__.py"} <= names
    kinds = [
        ("page", "html"),
        ("page", "css"),
        ("page", "js"),
        ("motion", "html"),
        ("motion", "js"),
    ]
    assert {f"deblurvid/judge/compare/{name}.{kind}" for name, kind in kinds} <= names
    for name in shipped_generators():
        assert {f"deblurvid/engines/{name}.onnx", f"deblurvid/engines/{name}.md"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {"deblurvid", "deblurvid-0.1.0.dist-info"} == tops
