"""Restores a folder of photographs and videos, and lists what failed.

    python examples/deblur_folder.py photos restored

A file that fails does not stop the others. The same as `deblurvid folder`.
"""

from __future__ import annotations

import sys

from deblurvid import deblur_folder
from deblurvid.events import FileEnded, FolderFinished, FolderStarted


def main(source: str, target: str) -> int:
    """Restore `source` and its subfolders to `target`; 1 if a file failed."""
    failed = 0
    for event in deblur_folder(source, target, recursive=True, skip_existing=True):
        match event:
            case FolderStarted():
                print(f"{event.files} files, {event.skipped} are done already")
            case FileEnded(outcome="failed"):
                print(f"{event.file}: {event.why}", file=sys.stderr)
            case FileEnded(outcome="done"):
                noun = "frame" if event.frames == 1 else "frames"
                print(f"{event.file}: {event.frames} {noun} in {event.seconds:.1f} s")
            case FolderFinished():
                failed = event.failed
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: deblur_folder.py SOURCE_FOLDER TARGET_FOLDER")
    sys.exit(main(*sys.argv[1:]))
