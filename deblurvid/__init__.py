"""deblurvid takes the motion blur out of video.

    from deblurvid import deblur_video

    for event in deblur_video("in.mp4", "out.mp4"):
        print(event)

The names below are imported when first used, so that this import costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deblurvid.backends.base import Engine, EngineSpec, Restored
    from deblurvid.choose import open_engine
    from deblurvid.errors import (
        DeblurvidError,
        DeviceMemoryError,
        EncoderError,
        EngineError,
        GeneratorError,
        InputError,
        OutputError,
        PrecisionError,
        UsageError,
        VerificationError,
    )
    from deblurvid.folder import deblur_folder
    from deblurvid.frames import ColourTags, PictureFormat, Planes
    from deblurvid.image import deblur_image
    from deblurvid.pipeline import deblur_video

__version__ = "0.1.0"

_HOMES = {
    "ColourTags": "deblurvid.frames",
    "Engine": "deblurvid.backends.base",
    "EngineSpec": "deblurvid.backends.base",
    "PictureFormat": "deblurvid.frames",
    "Planes": "deblurvid.frames",
    "Restored": "deblurvid.backends.base",
    "deblur_folder": "deblurvid.folder",
    "deblur_image": "deblurvid.image",
    "deblur_video": "deblurvid.pipeline",
    "open_engine": "deblurvid.choose",
}
"""Of what is no error."""

__all__ = [
    "ColourTags",
    "DeblurvidError",
    "DeviceMemoryError",
    "EncoderError",
    "Engine",
    "EngineError",
    "EngineSpec",
    "GeneratorError",
    "InputError",
    "OutputError",
    "PictureFormat",
    "Planes",
    "PrecisionError",
    "Restored",
    "UsageError",
    "VerificationError",
    "deblur_folder",
    "deblur_image",
    "deblur_video",
    "open_engine",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "deblurvid.errors")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
