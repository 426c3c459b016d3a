"""What cannot be restored is refused: code 2, one clear line, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import assert_refused
from tests.folders import image
from tests.graph.generators import constant_planes, save
from tests.media import make_audio, make_video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Cli


def _refused(cli: Cli, source: Path | str, folder: Path, *words: str) -> None:
    result = cli("run", source, "-o", folder / "out.mp4", "--engine", "identity")

    assert_refused(result, *words)
    assert list(folder.iterdir()) == []


def test_missing_file(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A source that does not exist is named."""
    _refused(cli, tmp_path / "none.mp4", folder, "none.mp4", "No such file")


def test_directory(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A folder is no video; what restores folders is named."""
    _refused(cli, tmp_path, folder, "a folder, not a video file", "deblurvid folder")


@pytest.mark.parametrize("images", [[], ["a.png"]])
def test_videos_of_a_folder(
    cli: Cli, clip: Path, tmp_path: Path, folder: Path, images: list[str]
) -> None:
    """A folder in which videos lie is no image sequence, images beside them or not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "holiday.MP4").write_bytes(clip.read_bytes())
    for name in images:
        image(tmp_path / "in" / name)

    _refused(cli, tmp_path / "in", folder, "holiday.MP4", "no image sequence", "deblurvid folder")


def test_a_part_of_an_image_in_which_nothing_lies(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """An image that is whole is not called damaged because --start lies behind it."""
    source = image(tmp_path / "photo.png")
    result = cli("run", source, "-o", folder / "y.png", "--start", "2", "--engine", "identity")

    assert_refused(result, "no frame", "from 2.0 s on")
    assert "damaged" not in result.last_line


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "raw.dng"])
def test_images_of_phones_and_cameras(
    cli: Cli, clip: Path, tmp_path: Path, folder: Path, name: str
) -> None:
    """What is not read is to be converted, whatever FFmpeg might find in it."""
    (tmp_path / name).write_bytes(clip.read_bytes())

    _refused(cli, tmp_path / name, folder, name, "convert it to .png")


def test_an_address_is_told_as_it_was_given(cli: Cli, folder: Path) -> None:
    """With both slashes, of which a path keeps one."""
    _refused(
        cli, "https://a.example/b/c.mp4", folder, "https://a.example/b/c.mp4: only local files"
    )


def test_empty_file(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A file without a byte is called empty."""
    (tmp_path / "in.mp4").touch()

    _refused(cli, tmp_path / "in.mp4", folder, "in.mp4", "empty")


def test_text_file(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """Text is not a video, whatever its name."""
    (tmp_path / "in.mp4").write_text("Dear diary, today nothing moved.\n" * 50)

    _refused(cli, tmp_path / "in.mp4", folder, "in.mp4", "not a readable video")


def test_audio_only(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A file with sound alone is refused, and what it holds is told."""
    _refused(cli, make_audio(tmp_path / "in.m4a"), folder, "no video", "audio")


def test_mp4_without_index(cli: Cli, clip: Path, tmp_path: Path, folder: Path) -> None:
    """An mp4 that was cut before its index cannot be read."""
    whole = clip.read_bytes()
    (tmp_path / "in.mp4").write_bytes(whole[: whole.index(b"moov") - 4])

    _refused(cli, tmp_path / "in.mp4", folder, "in.mp4", "not a readable video")


@pytest.mark.parametrize(
    ("suffix", "codec", "name"), [(".mp4", "libx264", b"avc1"), (".mkv", "ffv1", b"V_FFV1")]
)
def test_unreadable_codec(
    cli: Cli, tmp_path: Path, folder: Path, suffix: str, codec: str, name: bytes
) -> None:
    """A codec that FFmpeg does not know is said to be the reason."""
    source = make_video(tmp_path / f"in{suffix}", codec=codec, audio=False)
    source.write_bytes(source.read_bytes().replace(name, name[:-2] + b"X9"))

    _refused(cli, source, folder, "decoder")


def test_small_video(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A side below 16 is refused with the size."""
    source = make_video(tmp_path / "in.mkv", size=(64, 14), codec="ffv1", audio=False)

    _refused(cli, source, folder, "64x14", "height", "16")


def _playlist(tmp_path: Path, other: Path) -> Path:
    path = tmp_path / "in.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n")
    return path


def _concat(tmp_path: Path, other: Path) -> Path:
    path = tmp_path / "in.mp4"
    path.write_text(f"ffconcat version 1.0\nfile {other.name}\n")
    (tmp_path / other.name).write_bytes(other.read_bytes())
    return path


@pytest.mark.parametrize("make", [_playlist, _concat])
def test_playlist(
    cli: Cli, clip: Path, tmp_path: Path, folder: Path, make: Callable[[Path, Path], Path]
) -> None:
    """A file that names other files opens none of them."""
    _refused(cli, make(tmp_path, clip), folder, "not a readable video")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/a.mp4", "rtsp://127.0.0.1:9/a", "concat:a.mp4|b.mp4"]
)
def test_address(cli: Cli, folder: Path, address: str) -> None:
    """Only files are read: an address is not even looked up."""
    _refused(cli, address, folder, "deblurvid: error: ")


def test_colon_in_a_name(cli: Cli, clip: Path, tmp_path: Path, folder: Path) -> None:
    """A file whose name looks like an address is a file all the same."""
    source = tmp_path / "http:a|b.mp4"
    source.write_bytes(clip.read_bytes())

    result = cli("run", source, "-o", folder / "we:ird.mp4", "--engine", "identity")

    assert result.code == 0, result.err
    assert [path.name for path in folder.iterdir()] == ["we:ird.mp4"]


def test_escape_codes_in_a_name(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """A name cannot send escape codes or a second line to the terminal."""
    result = cli("run", tmp_path / "a\x1b[31m\nb.mp4", "-o", folder / "out.mp4")

    assert_refused(result, r"a\x1b[31m\nb.mp4")


def test_size_that_changes(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """What fails after work has begun ends with code 1, and nothing is left of it."""
    parts = [
        make_video(tmp_path / f"{size[0]}.ts", size=size, frames=40, audio=False)
        for size in ((64, 48), (96, 64))
    ]
    source = tmp_path / "in.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))

    result = cli("run", source, "-o", folder / "out.mp4", "--engine", "identity")

    assert_refused(result, "64x48", "96x64", code=1)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [((float("nan"), 0, 0), "NaN or Inf"), ((-1, -1, -1), "one flat colour")],
)
def test_generator_that_fails(
    cli: Cli, clip: Path, folder: Path, change: tuple[float, float, float], words: str
) -> None:
    """Frames that kept the source are named, and the run is done; with --strict it has failed."""
    model, target = save(constant_planes(change), folder / "g.onnx"), folder / "out.mkv"
    command = ("run", clip, "-o", target, "--engine", model)

    strict = cli(*command, "--strict")
    assert strict.code == 1
    assert words in strict.err
    assert not target.exists()

    result = cli(*command)
    assert result.code == 0
    assert "12 frames (0-11): " in result.err
    assert words in result.err
    assert target.exists()


@pytest.mark.parametrize("strict", [False, True])
def test_source_that_is_cut_off(cli: Cli, tmp_path: Path, folder: Path, strict: bool) -> None:
    """Frames that the source promises and does not hold are missed aloud; --strict fails."""
    source = make_video(tmp_path / "in.mp4", frames=100, options={"g": "10"}, audio=False)
    _move_index_to_front(source)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 2 // 3])
    target = folder / "out.mp4"

    words = ["--strict"] if strict else []
    result = cli("run", source, "-o", target, "--engine", "identity", *words)

    assert "100 frames" in result.err
    assert "cut off" in result.err
    assert result.code == int(strict)
    assert target.exists() is not strict


def _move_index_to_front(path: Path) -> None:
    """Write an mp4 again with its index first, so that it can be read although it is cut."""
    import av

    beside = path.with_name(f"fast-{path.name}")
    options = {"movflags": "+faststart"}
    with av.open(path) as source, av.open(beside, "w", container_options=options) as target:
        video = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = video
                target.mux(packet)
    beside.replace(path)
