"""A real browser without a window: Chromium, driven by Selenium, as a judge of pages.

Both programs come from the system. Where they are missing a test that needs them is skipped, and
under CI=true it fails. Nothing is downloaded, and the browser is told to ask for nothing.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

PROGRAMS = ("chromium", "chromedriver")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(profile: Path) -> Iterator[WebDriver]:
    """An open browser with an empty profile in a folder of its own."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{program} is missing; install chromium and chromium-driver")
            pytest.skip(f"{program} is not installed")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the test extra")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        browser.set_script_timeout(30)
        yield browser
    finally:
        browser.quit()


def show(browser: WebDriver, *, width: int, height: int, scheme: str = "dark") -> None:
    """Give the page these sides, in pixels of CSS, and the user's taste of light or dark."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def requested(browser: WebDriver) -> list[str]:
    """Addresses that the browser has asked for since this was called last."""
    entries = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    return [
        entry["params"]["request"]["url"]
        for entry in entries
        if entry["method"] == "Network.requestWillBeSent"
    ]


def axe_findings(browser: WebDriver) -> list[dict[str, Any]]:
    """What axe-core has against the page."""
    script = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    browser.execute_script(script)
    found = browser.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done);"
    )
    return list(found["violations"])
