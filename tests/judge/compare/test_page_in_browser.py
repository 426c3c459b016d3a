"""The page in a real browser: what is seen moves, plays in step, and comes from nowhere else."""

from __future__ import annotations

import base64
import io
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from deblurvid.judge.compare import compare_page
from tests.browser import axe_findings, chromium, requested, show
from tests.judge.compare.clips import write_clip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from selenium.webdriver.chrome.webdriver import WebDriver

WIDTH, HEIGHT, FRAMES, RATE = 192, 128, 36, 12
DIFFERENT = (5, 17, 30)
"""Frames in which the clips differ most, one of each third."""
RED, BLUE = (170, 60, 50), (50, 70, 180)
LEVELS = [40 + 5 * n for n in range(FRAMES)]
"""Of the square in the left lower corner: it tells which frame one sees."""


def picture(number: int, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A frame as [height, width, 3] of RGB: a slope of one colour, and the square."""
    slope = np.arange(WIDTH, dtype=np.float64)[None, :, None] / WIDTH * 40
    image = np.clip(np.array(colour) + slope + np.zeros((HEIGHT, 1, 1)), 0, 255).astype(np.uint8)
    if number in DIFFERENT and colour == BLUE:
        image[:40] = 255
    image[-48:, :48] = LEVELS[number]
    return image


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two lossless clips, with hostile names."""
    folder = tmp_path_factory.mktemp("page")
    paths = []
    for name, colour in (
        ("a<img src=x onerror=alert(1)>&", RED),
        ("b'\"$style", BLUE),
    ):
        pictures = [picture(n, colour) for n in range(FRAMES)]
        planes = [[p[..., 1], p[..., 2], p[..., 0]] for p in pictures]
        paths.append(write_clip(folder / f"{name}.mkv", planes, "gbrp", rate=RATE))
    facts = {"Engine": "<b>fast</b> & </script>", "Speed": "9.1 frames a second"}
    compare_page(paths[0], paths[1], folder / "page.html", facts=facts)
    return folder / "page.html"


@pytest.fixture(scope="module")
def opened(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """The browser."""
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(opened: WebDriver, page: Path) -> WebDriver:
    """The browser with the page fresh in it, as on a desktop."""
    show(opened, width=1440, height=900)
    opened.get(page.as_uri())
    wait(opened, "return document.getElementById('first-video').readyState >= 2")
    wait(opened, "return document.getElementById('second-video').readyState >= 2")
    return opened


def wait(browser: WebDriver, script: str, seconds: float = 10) -> Any:
    """Run the script until it gives something true."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if found := browser.execute_script(script):
            return found
        time.sleep(0.02)
    raise AssertionError(f"still not true after {seconds} s: {script}")


def seen(browser: WebDriver, stage: str) -> NDArray[np.uint8]:
    """What a stage looks like, brought to the size of the clips: [height, width, 3]."""
    view = browser.find_element("css selector", f"#{stage} .view")
    image = Image.open(io.BytesIO(view.screenshot_as_png)).convert("RGB")
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def shares(browser: WebDriver, stage: str) -> tuple[float, float]:
    """How much of a stage's lower half is red and blue."""
    part = seen(browser, stage)[64:80, 60:].astype(int)
    return (
        float((part[..., 0] > part[..., 2] + 40).mean()),
        float((part[..., 2] > part[..., 0] + 40).mean()),
    )


def handle(browser: WebDriver, stage: str) -> Any:
    return browser.find_element("css selector", f"#{stage} .handle")


def value(browser: WebDriver, stage: str) -> int:
    return int(handle(browser, stage).get_attribute("aria-valuenow"))


@pytest.mark.parametrize("stage", ["frames-stage", "players-stage"])
def test_keys_move_the_line_and_what_is_seen(browser, stage):
    """Home shows the second alone, End the first alone, arrows two parts of a hundred."""
    from selenium.webdriver.common.keys import Keys

    line = handle(browser, stage)
    line.send_keys(Keys.ARROW_RIGHT)
    assert value(browser, stage) == 52
    line.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert value(browser, stage) == 48
    assert line.get_attribute("aria-valuetext") == "48 % before, 52 % after"

    line.send_keys(Keys.HOME)
    red, blue = shares(browser, stage)
    assert (value(browser, stage), red < 0.05, blue > 0.9) == (0, True, True)

    line.send_keys(Keys.END)
    red, blue = shares(browser, stage)
    assert (value(browser, stage), red > 0.9, blue < 0.05) == (100, True, True)


def test_arrows_move_the_line_from_anywhere(browser):
    """Without a focus the keys go to the line that was moved last, at first the pictures'."""
    from selenium.webdriver.common.keys import Keys

    browser.find_element("tag name", "body").send_keys(Keys.ARROW_RIGHT)

    assert value(browser, "frames-stage") == 52
    assert value(browser, "players-stage") == 50


@pytest.mark.parametrize("kind", ["mouse", "touch"])
@pytest.mark.parametrize("stage", ["frames-stage", "players-stage"])
def test_the_pointer_drags_the_line(browser, stage, kind):
    """The line is under the pointer as soon as it is down, and follows until it is up."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    view = browser.find_element("css selector", f"#{stage} .view")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", view)
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", view)

    def at(share: float) -> tuple[int, int]:
        return round(box["x"] + share * box["width"]), round(box["y"] + box["height"] / 2)

    actions = ActionBuilder(browser, mouse=PointerInput(kind, kind), duration=20)
    actions.pointer_action.move_to_location(*at(0.3)).pointer_down()
    actions.pointer_action.move_to_location(*at(0.4)).move_to_location(*at(0.8)).pointer_up()
    actions.perform()

    assert value(browser, stage) == pytest.approx(80, abs=1)
    red, blue = shares(browser, stage)
    assert red > 0.6
    assert blue < 0.4

    after = ActionBuilder(browser, mouse=PointerInput("mouse", "other"), duration=20)
    after.pointer_action.move_to_location(*at(0.1))
    after.perform()
    assert value(browser, stage) == pytest.approx(80, abs=1)


def test_pictures_are_the_decoded_frames(browser):
    """Drawn by the browser, sample for sample: of each third the frame that differs most."""
    script = """
        const found = [];
        for (const image of document.querySelectorAll("[data-pair] img")) {
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
            found.push(btoa(String.fromCharCode.apply(null, data.slice(0, 60000)))
                + "|" + btoa(String.fromCharCode.apply(null, data.slice(60000))));
        }
        return found;
    """
    wait(
        browser, "return [...document.images].every((i) => !i.closest('[data-pair]') || i.complete)"
    )
    found = []
    for text in browser.execute_script(script):
        data = b"".join(base64.b64decode(part) for part in text.split("|"))
        found.append(np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3])

    expected = [picture(n, colour) for n in DIFFERENT for colour in (BLUE, RED)]
    assert len(expected) == len(found)
    for wanted, image in zip(expected, found, strict=True):
        np.testing.assert_array_equal(wanted, image)


def test_a_button_shows_its_moment(browser):
    """The third button brings the third pair; the first is gone."""
    buttons = browser.find_elements("css selector", "[data-moment]")

    buttons[2].click()

    pressed = [button.get_attribute("aria-pressed") for button in buttons]
    assert pressed == ["false", "false", "true"]
    assert [f"{n / RATE:.3f} s" for n in DIFFERENT] == [b.text.split("\n")[0] for b in buttons]
    level = seen(browser, "frames-stage")[-20, 10].astype(int)
    assert abs(level - LEVELS[DIFFERENT[2]]).max() <= 3


def test_zoom_shows_pixels(browser):
    """4:1 makes the view four times the picture, without blurring, and the line still moves."""
    from selenium.webdriver.common.keys import Keys

    browser.find_element("css selector", "[data-zoom='4']").click()

    view = browser.find_element("css selector", "#frames-stage .view")
    image = browser.find_element("css selector", "#frames-stage .under")
    assert (view.size["width"], view.size["height"]) == (4 * WIDTH, 4 * HEIGHT)
    assert image.value_of_css_property("image-rendering") == "pixelated"
    handle(browser, "frames-stage").send_keys(Keys.HOME)
    assert shares(browser, "frames-stage")[1] > 0.9


TIMES = (
    "return [document.getElementById('first-video').currentTime,"
    " document.getElementById('second-video').currentTime]"
)


def test_both_play_in_step(browser):
    """Space plays: both move on, mostly less than a frame apart; again, and both stand at one time."""
    browser.find_element("tag name", "body").send_keys(" ")
    wait(browser, "return document.getElementById('first-video').currentTime > 0.3")

    apart = []
    for _ in range(10):
        first, second = browser.execute_script(TIMES)
        apart.append(abs(first - second))
        time.sleep(0.08)
    assert sorted(apart)[len(apart) // 2] < 1 / RATE
    assert browser.find_element("id", "play").get_attribute("aria-label") == "Pause"

    browser.find_element("tag name", "body").send_keys(" ")
    first, second = browser.execute_script(TIMES)
    assert first == second > 0.3
    assert browser.find_element("id", "play").get_attribute("aria-label") == "Play"


def test_a_held_second_player_catches_up(browser):
    """Set back by half a second while both play, it is in step again before the end."""
    browser.find_element("id", "play").click()
    wait(browser, "return document.getElementById('first-video').currentTime > 0.8")
    browser.execute_script("document.getElementById('second-video').currentTime -= 0.5")

    wait(
        browser,
        "return Math.abs(document.getElementById('first-video').currentTime"
        f" - document.getElementById('second-video').currentTime) < {1 / RATE}",
        1.9,
    )


def test_both_begin_again_at_the_end(browser):
    """A loop: after the last frame both are near the first, playing."""
    browser.execute_script("document.getElementById('seek').value = arguments[0];", FRAMES - 4)
    browser.execute_script("document.getElementById('seek').dispatchEvent(new Event('input'))")
    browser.find_element("id", "play").click()

    wait(browser, f"return document.getElementById('first-video').currentTime < {10 / RATE}", 5)
    wait(browser, "return !document.getElementById('second-video').paused")


@pytest.mark.parametrize("video", ["first-video", "second-video"])
def test_full_stop_and_comma_step_by_a_frame(browser, video):
    """After three steps on and one back the third frame stands there, in both players."""
    from selenium.webdriver.common.keys import Keys

    body = browser.find_element("tag name", "body")
    handle(browser, "players-stage").send_keys(Keys.END if video == "first-video" else Keys.HOME)
    for key in "...,":
        body.send_keys(key)
    assert browser.find_element("id", "clock").text.startswith(f"{2 / RATE:.3f} ")
    end = time.perf_counter() + 5
    while (found := frame_seen(browser)) != 2 and time.perf_counter() < end:
        time.sleep(0.05)  # the seek is under way
    assert found == 2


def frame_seen(browser: WebDriver) -> int:
    """Which frame stands in the players: encoded anew at 4:2:0; frames are five codes apart."""
    level = seen(browser, "players-stage")[-20, 10].astype(float).mean()
    return min(range(FRAMES), key=lambda n: abs(LEVELS[n] - level))


def test_a_click_on_a_curve_goes_there(browser):
    """In the middle of the chart lies the middle of the clip."""
    browser.find_element("css selector", ".plot svg").click()

    said = browser.find_element("id", "clock").text
    assert float(said.split()[0]) == pytest.approx(FRAMES / RATE / 2, abs=1.1 / RATE)


def test_names_and_facts_are_text(browser):
    """Markup in the names of files, and in facts, is shown as it is written and never run."""
    shown = browser.find_element("css selector", ".files").text

    assert "a<img src=x onerror=alert(1)>&.mkv" in shown
    assert "<b>fast</b> & </script>" in browser.find_element("id", "facts").text
    assert browser.execute_script("return document.querySelectorAll('#facts b').length") == 0


def test_nothing_is_asked_for_and_nothing_goes_wrong(browser, page):
    """No request but for the file and for what it holds itself; no line in the console."""
    requested(browser)
    browser.get_log("browser")
    browser.get(page.as_uri())
    wait(browser, "return document.getElementById('second-video').readyState >= 2")
    browser.find_element("id", "play").click()
    time.sleep(0.3)

    asked = requested(browser)
    assert page.as_uri() in asked
    assert {"file", "data", "blob"} >= {url.partition(":")[0] for url in asked}
    assert [page.as_uri()] == [url for url in asked if url.startswith("file:")]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_everybody_can_use_it(browser, scheme, width, height):
    """Nothing that axe-core calls serious or critical, and nothing wider than the screen."""
    show(browser, width=width, height=height, scheme=scheme)

    bad = [f for f in axe_findings(browser) if f["impact"] in ("serious", "critical")]
    assert [(f["id"], [node["target"] for node in f["nodes"]]) for f in bad] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_single_picture_is_all_there_is(opened, tmp_path):
    """No player and no button of moments; the keys move its line, and nothing goes wrong."""
    from selenium.webdriver.common.keys import Keys

    paths = []
    for name, colour in (("a", RED), ("b", BLUE)):
        image = picture(0, colour)
        planes = [image[..., 1], image[..., 2], image[..., 0]]
        paths.append(write_clip(tmp_path / f"{name}.mkv", [planes], "gbrp"))
    compare_page(*paths, tmp_path / "page.html")
    show(opened, width=1440, height=900)
    opened.get_log("browser")
    opened.get((tmp_path / "page.html").as_uri())

    opened.find_element("tag name", "body").send_keys(Keys.ARROW_RIGHT, ".", " ")

    assert value(opened, "frames-stage") == 52
    assert opened.find_elements("css selector", "video, [data-moment], .chart") == []
    assert opened.get_log("browser") == []


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two pictures of 360x640 for each of three moments; they differ at the right below."""
    folder = tmp_path_factory.mktemp("upright")
    grey = [np.full(shape, 120, np.uint8) for shape in ((640, 360), (320, 180), (320, 180))]
    changed = [grey[0].copy(), *grey[1:]]
    changed[0][560:600, 300:340] = 200
    paths = [
        write_clip(folder / f"{n}.mkv", [planes] * 3) for n, planes in enumerate((grey, changed))
    ]
    compare_page(paths[0], paths[1], folder / "page.html")
    return folder / "page.html"


@pytest.mark.parametrize(("width", "height"), [(1100, 900), (390, 844), (1100, 3000)])
@pytest.mark.parametrize("stage", ["frames-stage", "players-stage"])
def test_an_upright_picture_fits_the_window(opened, upright, width, height, stage):
    """Whole, in its shape, no higher than the window and no pixel larger than two."""
    show(opened, width=width, height=height)
    opened.get(upright.as_uri())

    size = opened.find_element("css selector", f"#{stage} .view").size

    assert size["width"] / size["height"] == pytest.approx(360 / 640, abs=0.01)
    assert size["height"] <= 0.83 * height
    assert size["width"] <= min(width, 2 * 360)
    assert size["width"] >= 300


def test_a_picture_that_does_not_fit_opens_where_it_differs(opened, upright):
    """At its own pixels; the changed square is in sight, and the line goes through it."""
    show(opened, width=300, height=400)
    opened.get(upright.as_uri())

    pressed = opened.find_element("css selector", "[data-zoom][aria-pressed='true']").text
    script = """
        const stage = document.getElementById("frames-stage");
        return [stage.scrollLeft, stage.scrollTop, stage.clientWidth, stage.clientHeight];
    """
    left, top, across, down = opened.execute_script(script)
    assert pressed == "1:1"
    assert left <= 300 < 340 <= left + across
    assert top <= 560 < 600 <= top + down
    assert 300 <= value(opened, "frames-stage") / 100 * 360 <= 340
