"""`deblurvid score`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.cli.conftest import assert_refused
from tests.media import make_video

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

cv2 = pytest.importorskip("cv2", reason="needs the score extra")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sharp clip, a bad copy of it for a blurred one, and a better one for a restored one."""
    folder = tmp_path_factory.mktemp("clips")
    wanted = {"sharp": "0", "blurred": "48", "restored": "30"}
    return {
        name: make_video(folder / f"{name}.mp4", frames=5, audio=False, options={"crf": crf})
        for name, crf in wanted.items()
    }


def _gopro(root: Path) -> dict[tuple[str, str, str], Any]:
    """GOPRO_Large/test in small, and what was restored of it; gives the pictures."""
    rng = np.random.default_rng(0)
    made = {}
    for sequence, frames in (("GOPR0384_11_00", 3), ("GOPR0410_11_00", 2)):
        for number in range(1, frames + 1):
            sharp = cv2.GaussianBlur(rng.integers(0, 256, (40, 48, 3), np.uint8), (0, 0), 1)
            for layer, codes in (
                ("sharp", sharp),
                ("blur", cv2.blur(sharp, (5, 1))),
                ("blur_gamma", np.zeros_like(sharp)),
                ("restored", cv2.blur(sharp, (3, 1))),
            ):
                name = f"{number:06}.png"
                path = root / "test" / sequence / layer / name
                if layer == "restored":
                    path = root / "out" / sequence / name
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), codes)
                made[sequence, layer, name] = codes
    return made


def _mean_db(pictures: dict[tuple[str, str, str], Any], layer: str) -> float:
    """The benchmark's figure: the mean over all pictures of their PSNR, by OpenCV."""
    return float(
        np.mean(
            [
                cv2.PSNR(codes, pictures[sequence, "sharp", name])
                for (sequence, of, name), codes in pictures.items()
                if of == layer
            ]
        )
    )


def test_a_report_goes_to_standard_output(
    cli: Cli, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is no name of a file; the tables make way, and two reports would be one too many."""
    monkeypatch.chdir(tmp_path)
    words = ("score", clips["restored"], "--reference", clips["sharp"], "--json", "-")
    result = cli(*words)

    assert json.loads(result.out)["all"]["frames"] == 5
    assert "PSNR" in result.err
    assert list(tmp_path.iterdir()) == []
    assert_refused(cli(*words, "--markdown", "-"), "goes to standard output too")


def test_a_gopro_tree_has_the_benchmark_s_means(cli: Cli, tmp_path: Path) -> None:
    """Sequences by name, all pictures alike in the mean; blur_gamma is left alone."""
    pictures = _gopro(tmp_path)
    out, tree, file = tmp_path / "out", tmp_path / "test", tmp_path / "s.json"

    result = cli("score", out, "--reference", tree, "--blurred", tree, "--json", file)

    assert result.code == 0, result.err
    found = json.loads(file.read_text())
    assert [item["name"] for item in found["items"]] == ["GOPR0384_11_00", "GOPR0410_11_00"]
    assert [item["frames"] for item in found["items"]] == [3, 2]
    assert found["all"]["frames"] == 5
    blurred, restored = _mean_db(pictures, "blur"), _mean_db(pictures, "restored")
    assert found["all"]["blurred"]["psnr_db"] == pytest.approx(blurred)
    assert found["all"]["restored"]["psnr_db"] == pytest.approx(restored)
    assert found["all"]["gain"]["psnr_db"] == pytest.approx(restored - blurred)
    assert found["all"]["restored"]["tof_px"] is not None
    assert found["all"]["worst"][0]["file"].endswith(".png")
    assert "clip" in found["notes"][0]
    assert f"{restored:.2f}" in result.out

    stills = cli(
        "score", out, "--reference", tree, "--blurred", tree, "--json", file, "--stills"
    )  # fmt: skip
    assert stills.code == 0
    single = json.loads(file.read_text())
    assert len(single["items"]) == 5
    assert single["all"]["restored"]["psnr_db"] == pytest.approx(restored)
    assert single["all"]["restored"]["tof_px"] is None


def test_the_object_holds_what_the_module_says(cli: Cli, clips: dict[str, Path], tmp_path: Path):
    """Every name of the schema's description is there, and no other; figures are of one sense."""
    import deblurvid.cli.score as command

    file = tmp_path / "s.json"
    result = cli(
        "score", clips["restored"], "--reference", clips["sharp"], "--blurred", clips["blurred"],
        "--size", "32x24", "--json", file,
    )  # fmt: skip
    found = json.loads(file.read_text())
    item = found["items"][0]

    assert result.code == 0
    described = set(re.findall(r"\b[a-z_]+\b", command.__doc__ or ""))
    assert set(found) | set(item) | set(item["restored"]) | set(item["bands"][0]) <= described
    assert set(item["worst"][0]) | set(item["ratio"]) <= described
    assert found["schema"] == "deblurvid-score-1"
    restored, blurred, gain = item["restored"], item["blurred"], item["gain"]
    for name in ("psnr_db", "psnr_y_db", "ssim"):
        assert restored[name] > blurred[name]
        assert gain[name] == pytest.approx(restored[name] - blurred[name])
    for size in ("native", "32x24"):
        ratio = restored["laplacian"][size] / item["reference"]["laplacian"][size]
        assert item["ratio"]["laplacian"][size] == pytest.approx(ratio)
    assert item["ratio"]["of"] == "reference"
    assert sum(band["frames"] for band in item["bands"]) == item["frames"] == 5
    assert item["worst"][0]["psnr_db"] < item["best"][0]["psnr_db"]
    assert item["worst"][0]["seconds"] == pytest.approx(item["worst"][0]["frame"] / 25)
    assert "data_range=255" in found["methods"]["ssim"]


def test_tables_and_markdown_say_the_same(cli: Cli, clips: dict[str, Path], tmp_path: Path) -> None:
    """Figures of the object, rounded, in a table of whole cells; no figure is cut on 80 columns."""
    data, text = tmp_path / "s.json", tmp_path / "s.md"
    result = cli(
        "score", clips["restored"], "--reference", clips["sharp"], "--blurred", clips["blurred"],
        "--json", data, "--markdown", text,
    )  # fmt: skip
    item = json.loads(data.read_text())["items"][0]
    rows = [line.split("|")[1:-1] for line in text.read_text().splitlines() if line[:1] == "|"]

    assert [cell.strip() for cell in rows[0]] == [
        "PSNR in dB", "frames", "blurred", "restored", "gain", "Y blurred", "Y restored", "Y gain",
    ]  # fmt: skip
    kinds = ("blurred", "restored", "gain")
    cells = [item[kind][name] for name in ("psnr_db", "psnr_y_db") for kind in kinds]
    shown = [f"{value:+.2f}" if at % 3 == 2 else f"{value:.2f}" for at, value in enumerate(cells)]
    assert [cell.strip() for cell in rows[2]] == ["restored.mp4", "5", *shown]
    assert all(value in result.out for value in shown)
    assert f"{item['restored']['ssim']:.4f}" in result.out
    ratio = f"{item['ratio']['laplacian']['256x256']:.3f}"
    assert ratio in result.out
    assert ratio in text.read_text()
    assert not re.search(r"\d…", result.out)
    for said in (result.out, text.read_text()):
        assert "structural_similarity(gaussian_weights=True" in said


def test_without_a_reference_it_says_what_it_cannot_say(
    cli: Cli, clips: dict[str, Path], tmp_path: Path
) -> None:
    """The ratio is to the blurred input; no PSNR, no SSIM, no tOF, and a sentence why."""
    file = tmp_path / "s.json"
    result = cli("score", clips["restored"], "--blurred", clips["blurred"], "--json", file)
    found = json.loads(file.read_text())["all"]

    assert result.code == 0
    assert "Without --reference nothing here says whether the pictures are right" in result.out
    assert "PSNR in dB" not in result.out
    assert found["restored"]["psnr_db"] is None
    assert found["reference"] is None
    assert found["ratio"]["of"] == "blurred"
    kinds = [found[kind]["laplacian"]["native"] for kind in ("restored", "blurred")]
    assert found["ratio"]["laplacian"]["native"] == pytest.approx(kinds[0] / kinds[1])
    assert all(found[kind]["own_warping_error"] > 0 for kind in ("restored", "blurred"))


def test_a_clip_alone_is_measured_alone(cli: Cli, clips: dict[str, Path]) -> None:
    """Neither reference nor input: its own sharpness and flicker, and no ratio."""
    result = cli("score", clips["restored"])

    assert result.code == 0
    assert "Laplacian" in result.out
    assert " / " not in result.out.split("Without --reference")[0]


def test_what_cannot_be_compared_is_refused(
    cli: Cli, clips: dict[str, Path], tmp_path: Path
) -> None:
    """Before the first frame has been measured: code 2, one line."""
    small = make_video(tmp_path / "small.mp4", size=(48, 32), frames=5, audio=False)
    restored = clips["restored"]

    assert_refused(cli("score", tmp_path / "none.mp4"), "none.mp4", "No such file")
    assert_refused(cli("score", restored, "--reference", tmp_path), "a file beside folders")
    assert_refused(cli("score", restored, "--reference", small), "64x48", "48x32")
    assert_refused(cli("score", restored, "--size", "big"), "'big' is no size")
    assert_refused(cli("score", restored, "--size", "0x20"), "0x20")
    assert_refused(cli("score", restored, "--json", tmp_path / "x" / "s.json"), "s.json")
    assert_refused(cli("score", restored, "--markdown", restored), "called like a picture")


def test_another_length_ends_with_1_and_says_by_how_much(
    cli: Cli, clips: dict[str, Path], tmp_path: Path
) -> None:
    """Found when frames run out; nothing is printed or written."""
    longer = make_video(tmp_path / "longer.mp4", frames=8, audio=False)
    file = tmp_path / "s.json"
    result = cli("score", clips["restored"], "--reference", longer, "--json", file)

    assert_refused(result, "5 frames", "8 frames", "3 fewer", code=1)
    assert not file.exists()


def test_without_the_extra_one_line_says_what_to_install(
    cli: Cli, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read."""
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)

    result = cli("score", clips["restored"])
    assert_refused(result, "skimage", 'pip install "deblurvid[score]"')
