"""One picture as an array, restored by the graph that restores the frames of a video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deblurvid.errors import EngineError, UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from deblurvid.backends.base import Engine, EngineFactory


def deblur_image(
    image: ArrayLike,
    *,
    engine: str | Engine | EngineFactory = "auto",
    device: str = "auto",
    precision: str = "auto",
    strength: float = 1.0,
) -> NDArray[Any]:
    """Take the motion blur out of one picture.

        sharper = deblur_image(rgb)

    Opening an engine takes longer than restoring a picture. For many of one size open it once:

        picture = PictureFormat(source="rgb", depth=8)
        with open_engine(size=(1280, 720), picture=picture) as engine:
            sharper = [deblur_image(rgb, engine=engine) for rgb in pictures]

    Args:
        image: codes as an array, or what numpy makes one of, such as an image of Pillow:
            [height, width, 3] in the order R, G, B, or [height, width] of grey; uint8 or uint16,
            over the whole range of that type. It is left as it is. Both sides are at least 16
            pixels.
        engine: as for `open_engine`; a function that opens one, see `RunOptions`; or one that is
            open for pictures of this size, "rgb" or "gray" with a depth of 8 for uint8 and 16 for
            uint16. That one stays open.
        device: as for `open_engine`.
        precision: as for `open_engine`.
        strength: from 0, the picture as it is, to 1, the restored one.

    Returns:
        A new array of the same shape and type, in the machine's byte order. What the generator leaves alone is the same to the
        bit, as in a video.

    Raises:
        UsageError: the array is another one, `strength` is out of range, or the open engine does
            not fit.
        InputError: the picture is too small or too large.
        EngineError: the device fails, or the generator gives NaN, Inf, or one flat colour.
        GeneratorError: `engine` cannot be used.
    """
    import numpy as np

    from deblurvid.choose import fitting_engine
    from deblurvid.frames import ColourTags, PictureFormat, Planes, check_size
    from deblurvid.stages.deblur import became_flat

    image = _codes(image)
    grey = image.ndim == 2
    if image.dtype not in (np.uint8, np.uint16) or not (grey or image.shape[2:] == (3,)):
        raise UsageError(
            f"the image is {image.dtype} of shape {image.shape}; it must be uint8 or uint16 of "
            "[height, width, 3] or [height, width]"
        )
    if not 0 <= strength <= 1:
        raise UsageError(f"strength is {strength}; it must be within 0 and 1")
    height, width = image.shape[:2]
    check_size("image", width, height)
    picture = PictureFormat(source="gray" if grey else "rgb", depth=8 * image.dtype.itemsize)
    channels = [image] if grey else [image[..., channel] for channel in range(3)]
    # Grey is full range; RGB has no coding that tags could tell of.
    planes = Planes.from_codes(channels, ColourTags(matrix="bt709", full_range=True))
    with fitting_engine(
        engine, size=(width, height), picture=picture, device=device, precision=precision
    ) as opened:
        opened.submit(planes, strength=strength)
        restored = opened.collect()
    if restored.invalid or became_flat(planes, restored.planes, picture.depth):
        what = (
            f"{restored.invalid} samples of NaN or Inf" if restored.invalid else "one flat colour"
        )
        raise EngineError(f"{opened.spec} gave {what}; try another precision, such as fp32")
    codes = restored.planes.codes()
    return codes[0] if grey else np.stack(codes, axis=-1)


def _codes(image: ArrayLike) -> NDArray[Any]:
    """The array that it is, in the machine's byte order.

    Raises:
        UsageError: numpy makes no array of it, or its codes are places in a palette or single bits.
    """
    import numpy as np

    mode = getattr(image, "mode", None)
    if mode in ("P", "PA", "1"):  # Pillow's
        raise UsageError(
            f"the image has Pillow's mode {mode!r}, whose codes are no colours; give "
            "image.convert('RGB') or image.convert('L')"
        )
    try:
        array = np.asarray(image)
    except (ValueError, TypeError) as exc:
        raise UsageError(f"the image is no array: {exc}") from exc
    return array.astype(array.dtype.newbyteorder("="), copy=False)
