"""Planted faults keep up with the text they are planted in."""

import re

from tests.faults import FAULTS, ROOT


def test_every_fault_can_be_planted():
    """Its text stands exactly once in its file, and the tests that are to find it exist."""
    stale = []
    for fault in FAULTS:
        if (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) != 1:
            stale.append(fault.name)
        for test in fault.tests:
            path, *names = re.sub(r"\[.*", "", test).split("::")
            text = (ROOT / path).read_text(encoding="utf-8")
            stale += [fault.name for name in names if not re.search(rf"(def|class) {name}\b", text)]

    assert stale == []
