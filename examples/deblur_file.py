"""Restores a video file and shows how far it is, from the events that a run yields.

    python examples/deblur_file.py examples/shaky.mp4 restored.mp4

The same as `deblurvid run`, whose display is made of these events too.
"""

from __future__ import annotations

import sys

from deblurvid import DeblurvidError, deblur_video
from deblurvid.events import Finished, FrameDone, Notice, Started


def main(source: str, target: str) -> int:
    """Restore `source` to `target`; gives the exit code."""
    total = None
    try:
        for event in deblur_video(source, target, strength=0.9):
            match event:
                case Started():
                    total = event.frame_count
                    print(f"{event.info.width}x{event.info.height}, {event.engine}")
                case FrameDone() if event.index % 10 == 0:
                    print(f"frame {event.index} of {total or '?'}")
                case Notice():
                    print(f"note: {event.text}")
                case Finished():
                    print(f"{event.frames} frames in {event.seconds:.1f} s, {event.target}")
    except DeblurvidError as error:
        # What is wrong, and what to do; nothing stands under the target's name.
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: deblur_file.py SOURCE TARGET")
    sys.exit(main(*sys.argv[1:]))
