"""What an image file says of its picture, carried from the one to the other: EXIF, ICC profile, XMP.

FFmpeg keeps some of it in some formats. Here the blocks of the one file are put into the other as they
are, once it is written; no sample is touched, and the orientation stays a tag. See `image_blocks`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deblurvid.errors import OutputError
from deblurvid.stages.image_blocks import (
    EXIF_MARK,
    MOST_IN_SEGMENT,
    PROFILE,
    XMP_MARK,
    ImageMetadata,
    has_more_pages,
    read_metadata,
    said,
    with_metadata,
)
from deblurvid.stages.images import read_image
from deblurvid.stages.landing import Images

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.stages.images import ImageSequence
    from deblurvid.stages.landing import Landing


def metadata_for(
    images: ImageSequence | None, muxer: str, target: Path, pixel_format: str
) -> tuple[ImageMetadata | None, list[str]]:
    """What one image that becomes one image takes along, and what it cannot, in words.

    Args:
        images: the source, if it is images.
        muxer: the target's format.
        target: its suffix says of which kind it is.
        pixel_format: what the target's encoder is given.

    Returns:
        None where it is not one image for one: of a sequence nothing is taken along.
    """
    if images is None or len(images.files) != 1 or muxer != "image2":
        return None, []
    data = read_image(images.files[0])
    metadata = read_metadata(data)
    pages = ["only the first page is restored"] if has_more_pages(data) else []
    metadata, lost = _fitting(metadata, target.suffix, gray=pixel_format.startswith(("gray", "ya")))
    return metadata, [*pages, *lost]


def _fitting(
    metadata: ImageMetadata, suffix: str, *, gray: bool
) -> tuple[ImageMetadata, list[str]]:
    """What of it a picture can carry, and what is lost, in words.

    Args:
        metadata: of the source.
        suffix: of the target; JPEG's segments end at 64 KiB, and TIFF takes EXIF apart.
        gray: the new picture has one channel of colour.
    """
    lost = []
    if metadata.icc and metadata.icc[16:20] != (b"GRAY" if gray else b"RGB "):
        space = metadata.icc[16:20].decode("ascii", "replace").strip()
        lost.append(f"{PROFILE}, which is for {space}")
        metadata = replace(metadata, icc=b"")
    jpeg = suffix.lower() in (".jpg", ".jpeg")
    if jpeg and len(metadata.exif) + len(EXIF_MARK) > MOST_IN_SEGMENT:
        lost.append(f"EXIF: {len(metadata.exif)} bytes are too many for a JPEG")
        metadata = replace(metadata, exif=b"")
    if jpeg and len(metadata.xmp) + len(XMP_MARK) > MOST_IN_SEGMENT:
        lost.append(f"XMP: {len(metadata.xmp)} bytes are too many for a JPEG")
        metadata = replace(metadata, xmp=b"")
    if suffix.lower() in (".tif", ".tiff") and metadata.exif and not said(metadata.exif):
        lost.append("EXIF, which is damaged")
        metadata = replace(metadata, exif=b"")
    return metadata, [f"the output does not keep {what}" for what in lost]


def describe(landing: Landing, metadata: ImageMetadata) -> None:
    """Put the blocks into the image of an output that is closed.

    Raises:
        OutputError: it cannot be written.
    """
    for file in _written(landing):
        try:
            file.write_bytes(with_metadata(file.read_bytes(), metadata))
        except OSError as exc:
            raise OutputError(f"{landing.target}: cannot be written: {exc.strerror}") from exc


def lost_metadata(landing: Landing, metadata: ImageMetadata) -> list[str]:
    """What the image does not hold as it is read back, in words."""
    found = [read_metadata(file.read_bytes()) for file in _written(landing)]
    return [name for one in found for name in metadata.missing_in(one)]


def _written(landing: Landing) -> list[Path]:
    assert isinstance(landing, Images)  # noqa: S101 - metadata_for saw to that
    return landing.written()
