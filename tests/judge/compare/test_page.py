"""The page as a file: what it holds, what it says, and that it is whole or not at all."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import os
import re
import sys
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest

from deblurvid.errors import InputError, OutputError, UsageError
from deblurvid.judge.compare import compare_page, page, survey
from deblurvid.judge.compare.asked import Asked
from deblurvid.judge.compare.page import write_page
from tests.judge.compare.clips import flat, noise, views, write_clip
from tests.media import make_video, read_packets

SIZE = 64, 48


class Tags(HTMLParser):
    """All attributes of a page, and the text of its style and its script."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.attributes, self.inner, self._open = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """See HTMLParser."""
        self.attributes += [(tag, name, value) for name, value in attrs]
        kind = dict(attrs).get("type", "")
        self._open = tag + kind if tag in ("style", "script") else None

    def handle_data(self, data):
        """See HTMLParser."""
        if self._open:
            self.inner[self._open] = self.inner.get(self._open, "") + data

    def handle_endtag(self, tag):
        """See HTMLParser."""
        self._open = None

    def get(self, tag, name):
        """The values of an attribute of all such elements, in order."""
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def written(tmp_path, first, second, **options):
    """The page of two clips, and what was said."""
    said = []
    target = tmp_path / "page.html"
    asked = Asked(first=first, second=second, **options)
    write_page(asked, target, facts={}, say=said.append)
    return Tags(target.read_text(encoding="utf-8")), said


def video_of(uri):
    return av.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def lumas(uri):
    """Mean luma of every frame of a player, and its times in seconds."""
    with video_of(uri) as source:
        frames = [(views(f)[0].mean(), float(f.time)) for f in source.decode()]
    return [luma for luma, _ in frames], [seconds for _, seconds in frames]


@pytest.fixture
def pair(tmp_path):
    """Two videos with sound."""
    return [make_video(tmp_path / f"{n}.mp4", size=SIZE, frames=9) for n in range(2)]


def test_no_attribute_names_an_address(tmp_path, pair):
    """What is loaded begins with data:, and no link leads out."""
    tags, _ = written(tmp_path, *pair)

    loaded = [v for _, name, v in tags.attributes if name in ("src", "href", "data", "poster")]
    assert all(value.startswith(("data:", "#")) for value in loaded)
    assert not [
        v
        for _, _, v in tags.attributes
        if v and not v.startswith("data:") and re.search(r"https?:|//\w", v)
    ]
    assert "@import" not in tags.inner["style"]
    assert "url(" not in tags.inner["style"]


def test_the_policy_lets_only_the_page_s_own_run(tmp_path, pair):
    """Nothing by default; style and script by the SHA-256 of their very text."""
    tags, _ = written(tmp_path, *pair)

    (policy,) = [v for v in tags.get("meta", "content") if "default-src" in v]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, inner in (("style-src", "style"), ("script-src", "script")):
        digest = hashlib.sha256(tags.inner[inner].encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert (rules["img-src"], rules["media-src"]) == ("data:", "data: blob:")
    assert not [a for a in tags.attributes if a[1] == "style" or a[1].startswith("on")]


def test_labels_and_facts_cannot_end_an_element(tmp_path, pair):
    """Markup in them comes back as text; in the script's data it cannot close the script."""
    evil = '</script><script>"&\u2028'
    target = tmp_path / "page.html"

    compare_page(*pair, target, labels=(evil, "b"), facts={evil: evil})

    text = target.read_text(encoding="utf-8")
    tags = Tags(text)
    assert text.count("<script") == 2
    assert json.loads(tags.inner["scriptapplication/json"])["labels"] == [evil, "b"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path, pair):
    """Bytes that are no UTF-8."""
    path = pair[0].rename(tmp_path / os.fsdecode(b"a\xff.mp4"))

    written(tmp_path, path, pair[1])

    assert "a?.mp4" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_players_show_the_same_moments(tmp_path):
    """H.264, 8 bits, 4:2:0, without sound; as many frames, at the second one's times, in order."""
    codes = list(range(40, 200, 16))
    first = write_clip(tmp_path / "a.mkv", flat(codes[::2], SIZE), rate=5)
    second = write_clip(tmp_path / "b.mkv", flat(codes, SIZE), rate=10, first=2)

    tags, _ = written(tmp_path, first, second)

    uris = tags.get("video", "src")
    (seen_b, times_b), (seen_a, times_a) = map(lumas, uris)
    assert [n / 10 for n in range(10)] == pytest.approx(times_a)
    assert times_a == times_b
    assert codes == pytest.approx(seen_b, abs=2)
    assert [codes[n - n % 2] for n in range(10)] == pytest.approx(seen_a, abs=2)
    for uri in uris:
        with video_of(uri) as source:
            assert [stream.type for stream in source.streams] == ["video"]
            context = source.streams.video[0].codec_context
            assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
            assert not {"title", "comment", "location"} & set(source.metadata)


def test_h264_is_copied_into_the_players(tmp_path):
    """Packet for packet, B-frames and a late start too; times begin at 0."""
    paths = [
        make_video(tmp_path / name, size=SIZE, frames=9, bframes=2, options={"crf": crf})
        for name, crf in (("a.mp4", "20"), ("b.mkv", "30"))
    ]

    tags, _ = written(tmp_path, *paths)

    for uri, path in zip(tags.get("video", "src"), reversed(paths), strict=True):
        with video_of(uri) as source:
            packets = [bytes(p) for p in source.demux() if p.size]
        assert [data for _, data in read_packets(path, "video")] == packets
        assert [n / 25 for n in range(9)] == pytest.approx(lumas(uri)[1], abs=0.001)


@pytest.mark.parametrize(
    "other", [{"pixel_format": "yuv444p"}, {"codec": "libx265"}, {"rotation": 180}, {"frames": 14}]
)
def test_both_are_encoded_anew_if_one_does_not_play(tmp_path, other):
    """Of a codec or samples that few browsers show, turned, or longer: H.264 that all play."""
    first = make_video(tmp_path / "a.mp4", size=SIZE, frames=9)
    second = make_video(tmp_path / "b.mp4", **({"size": SIZE, "frames": 9} | other))

    tags, _ = written(tmp_path, first, second)

    for uri in tags.get("video", "src"):
        with video_of(uri) as source:
            frames = list(source.decode(video=0))
        assert (len(frames), frames[0].format.name, frames[0].rotation) == (9, "yuv420p", 0)
        assert int(frames[0].colorspace) == 1


def test_curves_are_the_scores(tmp_path):
    """Sharpness and likeness of each frame, by their formulas on the clips' own RGB codes."""
    clips = [noise(3, SIZE, "gbrp", seed=seed) for seed in (1, 2)]
    paths = [write_clip(tmp_path / f"{n}.mkv", c, "gbrp") for n, c in enumerate(clips)]

    tags, _ = written(tmp_path, *paths)

    data = json.loads(tags.inner["scriptapplication/json"])
    sharpness, likeness = data["curves"]
    assert pytest.approx(data["points"]) == [0, 0.04, 0.08]
    for number in range(3):
        a, b = (np.stack(clip[number]).astype(float) for clip in clips)
        expected = 10 * np.log10(255**2 / np.mean((a - b) ** 2))
        assert expected == pytest.approx(likeness[0]["values"][number], abs=0.006)
        for curve, (g, bl, r) in zip(sharpness, (a, b), strict=True):
            grey = np.pad(0.299 * r + 0.587 * g + 0.114 * bl, 1, mode="reflect")
            response = (
                grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1]
            ) - 4 * grey[1:-1, 1:-1]
            assert response.var() == pytest.approx(curve["values"][number], rel=1e-4)


def test_a_sharp_truth_measures_both(tmp_path):
    """A curve of each clip's PSNR to it, by the formula, and the mean gain in large letters."""
    clips = [noise(3, SIZE, "gbrp", seed=seed) for seed in (1, 2)]
    clips.append([[(plane // 2 + 60).astype(np.uint8) for plane in p] for p in clips[1]])
    paths = [write_clip(tmp_path / f"{n}.mkv", c, "gbrp") for n, c in enumerate(clips)]

    tags, _ = written(tmp_path, *paths[:2], reference=paths[2])

    data = json.loads(tags.inner["scriptapplication/json"])
    assert len(data["curves"]) == 3
    gains = []
    for number in range(3):
        a, b, sharp = (np.stack(clip[number]).astype(float) for clip in clips)
        expected = [10 * np.log10(255**2 / np.mean((x - sharp) ** 2)) for x in (a, b)]
        found = [curve["values"][number] for curve in data["curves"][1]]
        assert expected == pytest.approx(found, abs=0.006)
        gains.append(expected[1] - expected[0])
    assert f"{np.mean(gains):+.2f} dB" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_truth_that_does_not_fit_is_refused(tmp_path, pair):
    """Of another length or size."""
    short = make_video(tmp_path / "short.mp4", size=SIZE, frames=4)
    wide = make_video(tmp_path / "wide.mp4", size=(96, 48), frames=9)

    with pytest.raises(InputError, match=r"--reference: .* 0\.200 s longer.*must last as long"):
        written(tmp_path, *pair, reference=short)
    with pytest.raises(InputError, match="sizes differ"):
        written(tmp_path, *pair, reference=wide)

    assert not (tmp_path / "page.html").exists()


def test_long_clips_are_bounded_and_it_is_said(tmp_path, monkeypatch):
    """The players end after their seconds, and of the frames every so manieth is measured."""
    monkeypatch.setattr(survey, "PLAYER_SECONDS", 1)
    monkeypatch.setattr(page, "PLAYER_SECONDS", 1)
    monkeypatch.setattr(survey, "MOST_POINTS", 10)
    monkeypatch.setattr(survey, "PLAYER_SIDES", (32, 18))
    monkeypatch.setattr(page, "EXACT_BYTES", 100)
    paths = [make_video(tmp_path / f"{n}.mkv", size=SIZE, frames=40) for n in range(2)]

    tags, said = written(tmp_path, *paths)

    data = json.loads(tags.inner["scriptapplication/json"])
    assert len(data["times"]) == 25
    assert len(data["points"]) == 10
    assert len(lumas(tags.get("video", "src")[0])[0]) == 25
    assert all(v.startswith("data:image/jpeg") for v in tags.get("img", "src") if len(v) > 9)
    for words in ("first 1 s of 1.600 s", "64x48 to 24x18", "one frame in 4", "JPEG of quality 95"):
        assert any(words in text for text in said), words


def test_a_player_keeps_to_its_bytes(tmp_path, monkeypatch):
    """Noise, which would take much more at constant quality."""
    monkeypatch.setattr(survey, "PLAYER_BYTES", 100_000)
    path = write_clip(tmp_path / "a.mkv", noise(50, (320, 240)))

    tags, _ = written(tmp_path, path, path)

    sizes = [len(uri) * 3 / 4 for uri in tags.get("video", "src")]
    assert max(sizes) < 160_000


def test_a_single_picture_has_a_page(tmp_path):
    """Two clips of one frame: nothing of players, times and curves."""
    paths = [write_clip(tmp_path / f"{n}.mkv", noise(1, SIZE, seed=n)) for n in range(2)]

    tags, said = written(tmp_path, *paths)

    assert len([v for v in tags.get("div", "data-pair") if v]) == 1
    assert said == []
    body = tags.text.partition("<body>")[2].partition("<script")[0]
    assert "<dd>1 picture</dd>" in body
    assert "Higher is not better by itself" in body
    assert tags.get("video", "src") == []
    for word in ("1 frame", "the frame", "Frame", "In motion", "Play", " s of 64", "0.000", "svg"):
        assert word not in body, word


def test_equal_clips_are_alike(tmp_path, pair):
    """100 dB everywhere, and no division by nothing."""
    tags, _ = written(tmp_path, pair[0], pair[0])

    data = json.loads(tags.inner["scriptapplication/json"])
    assert {100} == set(data["curves"][1][0]["values"])


def test_hdr_is_said_to_look_pale(tmp_path):
    """PQ (transfer 16) is more than a picture of 8 bits can show; SDR is not spoken of."""
    sdr = write_clip(tmp_path / "a.mkv", noise(1, SIZE))
    pq = write_clip(tmp_path / "b.mkv", noise(1, SIZE), colour={"color_trc": 16})

    _, said = written(tmp_path, sdr, pq)

    assert [f"{pq}: HDR is shown without its light, so it looks pale"] == said


def test_a_page_replaces_a_file_only_if_asked_to(tmp_path, pair):
    """Refused before work begins, and never over one of the clips."""
    target = tmp_path / "page.html"
    target.write_text("old")

    with pytest.raises(UsageError, match="exists already"):
        compare_page(*pair, target)
    assert target.read_text() == "old"
    compare_page(*pair, target, overwrite=True)
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(UsageError, match="same file"):
        compare_page(pair[0], pair[1], pair[1], overwrite=True)


def test_nothing_is_left_of_a_page_that_fails(tmp_path, pair):
    """Clips of other sizes, a file that is no video, or an address: said, and no file."""
    other = make_video(tmp_path / "other.mp4", size=(96, 48), frames=3)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    target = tmp_path / "page.html"
    before = {path.name for path in tmp_path.iterdir()}

    with pytest.raises(InputError, match=r"sizes differ: .*64x48.*96x48.*scale=96:48"):
        compare_page(pair[0], other, target)
    with pytest.raises(InputError, match="not a readable video"):
        compare_page(pair[0], text, target)
    with pytest.raises(UsageError, match="pipe"):
        compare_page(Path("-"), pair[0], target)

    assert before == {path.name for path in tmp_path.iterdir()}


def test_a_full_disk_leaves_nothing(tmp_path, pair, monkeypatch):
    """The error of the system in one line, and neither a page nor a part of one."""

    def full(path, data):
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(OutputError, match=r"page\.html: cannot be written: No space left"):
        compare_page(*pair, tmp_path / "page.html")

    assert before == {path.name for path in tmp_path.iterdir()}


def test_it_needs_neither_opencv_nor_scikit_image(tmp_path, pair):
    """A process in which neither can be imported makes the page."""
    import subprocess

    code = (
        "import sys; sys.modules['cv2'] = sys.modules['skimage'] = None\n"
        "from pathlib import Path; from deblurvid.judge.compare import compare_page\n"
        "a, b, c = map(Path, sys.argv[1:]); compare_page(a, b, c)"
    )
    target = tmp_path / "page.html"

    subprocess.run([sys.executable, "-c", code, *pair, target], check=True, timeout=60)

    assert target.stat().st_size > 20_000


def test_the_head_says_what_was_changed(tmp_path):
    """Mean and largest difference of all RGB codes by their formulas, and neither dB nor sharpness."""
    clips = [noise(3, SIZE, "gbrp", seed=seed) for seed in (1, 2)]
    clips[1][1] = [plane // 16 for plane in clips[1][1]]
    paths = [write_clip(tmp_path / f"{n}.mkv", c, "gbrp") for n, c in enumerate(clips)]

    tags, _ = written(tmp_path, *paths)

    apart = np.abs(np.subtract(*(np.array(clip, float) for clip in clips)))
    head = re.search(r'<dl class="stats">(.*?)</dl>', tags.text, re.DOTALL).group(1)
    assert f"<dd>{apart.mean():.1f} of 255</dd>" in head
    assert f"<dd>{apart.max():.0f} of 255</dd>" in head
    assert "at 0.040 s" in head
    assert "compared: 0.12 s of 64\N{MULTIPLICATION SIGN}48</dt><dd>3 frames</dd>" in head
    assert "dB" not in head
    assert "sharpness" not in head


def test_what_differs_most_is_opened_first_where_it_differs(tmp_path):
    """The second of three pictures, of which a square in the right lower corner is changed."""
    grey = flat([90] * 3, (128, 96))
    changed = [[plane.copy() for plane in planes] for planes in grey]
    for number, code in enumerate((100, 160, 110)):
        changed[number][0][70:90, 100:120] = code
    paths = [write_clip(tmp_path / f"{n}.mkv", c) for n, c in enumerate((grey, changed))]

    tags, _ = written(tmp_path, *paths)

    assert tags.get("button", "aria-pressed")[:3] == ["false", "true", "false"]
    x, y = json.loads(tags.inner["scriptapplication/json"])["places"][1]
    assert (0.75 <= x <= 1, 2 / 3 <= y <= 1) == (True, True)


@pytest.mark.parametrize("start", ["0.16", "0.121"])
def test_a_part_is_compared_with_its_own_moments(tmp_path, start):
    """From the first frame at that time on: the fifth of 25 a second, whose codes are the same."""
    codes = list(range(40, 200, 16))
    first = write_clip(tmp_path / "a.mkv", flat(codes, SIZE), first=2)
    second = write_clip(tmp_path / "b.mkv", flat(codes[4:7], SIZE))

    tags, said = written(tmp_path, first, second, start=Fraction(start))

    data = json.loads(tags.inner["scriptapplication/json"])
    assert data["curves"][1][0]["values"] == [100, 100, 100]
    seen_b, seen_a = (lumas(uri)[0] for uri in tags.get("video", "src"))
    assert codes[4:7] == pytest.approx(seen_a, abs=2)
    assert seen_a == pytest.approx(seen_b, abs=1)
    assert f"count from {float(Fraction(start)):.3f} s of a.mkv" in tags.text.partition("<main>")[0]
    assert not any("same moments" in text for text in said)


def test_a_start_behind_the_end_is_refused(tmp_path, pair):
    """Of a clip of 9 frames, 0.36 s; and below 0."""
    with pytest.raises(UsageError, match=r"0\.mp4 has no frame at 0\.360 s or later"):
        written(tmp_path, *pair, start=Fraction("0.36"))
    with pytest.raises(UsageError, match="--start -1: it must not be below 0"):
        written(tmp_path, *pair, start=Fraction(-1))


def test_what_may_be_other_moments_is_said(tmp_path):
    """Noise of two seeds, PSNR about 10 dB: said where the lengths differ, as they do of a part."""
    paths = [
        write_clip(tmp_path / f"{n}.mkv", noise(count, SIZE, seed=n))
        for n, count in enumerate((9, 3, 9))
    ]
    words = "may not show the same moments: their PSNR is"

    _, said = written(tmp_path, paths[0], paths[1])
    assert any(words in text for text in said)
    (tmp_path / "page.html").unlink()
    _, said = written(tmp_path, paths[0], paths[2])
    assert not any(words in text for text in said)
    (tmp_path / "page.html").unlink()
    _, said = written(tmp_path, paths[0], paths[0], start=Fraction("0.2"), overwrite=True)
    assert any(words in text for text in said)


def test_a_stand_in_is_named_by_what_it_stands_for(tmp_path, pair):
    """At the head and in the table; its own name is nowhere."""
    path = pair[0].rename(tmp_path / "stand-in.mp4")

    tags, _ = written(
        tmp_path, path, pair[1], first_is="true.mp4: excerpt", times_from="1.170 s of <it>"
    )

    text = tags.text
    assert text.count("true.mp4: excerpt") == 2
    assert "stand-in" not in text
    assert "<p>Times on this page count from 1.170 s of &lt;it&gt;.</p>" in text
