"""FFmpeg's own programs, as an independent maker and judge of files.

They come from the system, not with PyAV: where they are missing a test that needs them is skipped,
and under CI=true it fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 120
"""No call takes longer."""


def ffmpeg(*args: object) -> str:
    """Run `ffmpeg` with arguments; overwrites, and gives what it wrote to standard output."""
    return _run("ffmpeg", "-nostdin", "-v", "error", "-y", *args)


def ffprobe_json(path: Path, *args: object) -> dict[str, Any]:
    """What `ffprobe` says of a file; streams, format and chapters unless arguments say otherwise."""
    shown = args or ("-show_streams", "-show_format", "-show_chapters")
    text = _run("ffprobe", "-v", "error", *shown, "-of", "json", f"file:{path}")
    read: dict[str, Any] = json.loads(text)
    return read


def stream_md5(path: Path, spec: str) -> str:
    """MD5 of the packets of one stream, such as 0:a:1, as they lie in the file."""
    return ffmpeg(
        "-i", f"file:{path}", "-map", spec, "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"
    ).strip()  # fmt: skip


def _run(program: str, *args: object) -> str:
    if shutil.which(program) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing; install FFmpeg's programs")
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [program, *map(str, args)], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, f"{program} {' '.join(map(str, args))}: {done.stderr[-2000:]}"
    return done.stdout
