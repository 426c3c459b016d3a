"""Whether the encoders of a folder's videos take the options, before any file is restored."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from deblurvid.backends.base import EngineSpec
from deblurvid.backends.described import DescribedEngine
from deblurvid.errors import DeblurvidError, EncoderError
from deblurvid.job import open_job
from deblurvid.stages.probe import probe
from deblurvid.stages.target import muxer_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deblurvid.folder.plan import Item
    from deblurvid.frames import PictureFormat
    from deblurvid.options import RunOptions


def check_encoding(items: Iterable[Item], options: RunOptions) -> None:
    """Open an encoder as the runs will, once for each container, size and format of the videos.

    Options that one of the encoders does not take are refused. A video that the encoder cannot hold
    whatever the options fails by itself, unless none can be held.

    Raises:
        EncoderError: no video could be encoded, or the options do not go with the encoder of one.
    """
    if options.codec is None and not options.encoder_options:
        return
    kinds = {(muxer_of(i.target), probe(i.source)): i for i in items if not i.is_image}
    found = {key: _refusal(item, options) for key, item in kinds.items() if key[1] is not None}
    refused = {key: error for key, error in found.items() if error is not None}
    for key, error in refused.items():
        bare = replace(options, encoder_options={})
        if len(refused) == len(found) or _refusal(kinds[key], bare) is None:
            raise EncoderError(f"{kinds[key].file}: {error}") from error


def _refusal(item: Item, options: RunOptions) -> EncoderError | None:
    """What the encoder has against it. What else is wrong with a file its own run tells."""
    options = replace(options, engine=_no_engine, strict=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="deblurvid-trial-")))
        try:
            open_job(item.source, folder / item.target.name, options, stack, rehearsal=True)
        except EncoderError as error:
            return error
        except (DeblurvidError, OSError):
            return None
    return None


def _no_engine(size: tuple[int, int], picture: PictureFormat) -> DescribedEngine:
    """Stands for the engine where nothing is restored."""
    return DescribedEngine(
        EngineSpec(
            width=size[0],
            height=size[1],
            picture=picture,
            generator="none",
            device="none",
            precision="none",
        )
    )
