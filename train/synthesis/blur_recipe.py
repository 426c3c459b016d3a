"""Which blurs are drawn, and how often: the `[blur]` table of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

Method = Literal["camera", "kernel"]
"""How a picture is blurred. See [Two methods]."""

_LEAST_MARGIN = 32
_LONGEST = 60.0
_CAMERA_ONLY = (
    "turned_share",
    "homography_share",
    "layered_share",
    "saturated_share",
    "dim_share",
    "curve_share",
)


# Note: [Two methods] `camera` follows the light: exposure in linear light, sensor noise, the curve,
# the encoder. `kernel` is the older way of data sets for deblurring: display codes are convolved
# ('same') with one kernel from a trajectory of `train.synthesis.trajectory`; noise and encoders
# work as for `camera`, on the codes as they are. For data free of both, set noisy_share, jpeg_share
# and h264_share to 0.
@dataclass(frozen=True, slots=True, kw_only=True)
class BlurRecipe:
    """Which blurs are drawn, how often. Shares are probabilities in [0, 1]."""

    method: Method = "camera"
    """See [Two methods]."""
    sharp_share: float = 0.05
    """Pairs whose input is the target itself: what is sharp must stay as it is, grain and all."""
    drawn_share: float = 0.0
    """Pictures with something drawn over them or in their place. See `synthesis.drawing`."""
    soft_share: float = 0.0
    """Pictures whose view is soft before the camera moves, input and target alike: softness of the
    lens or of the focus is not motion, and is to stay."""
    softest: float = 1.5
    """Their Gaussian softness is uniform from 0.4 to this standard deviation in pixels."""
    defocused_share: float = 0.0
    """Pictures out of focus before the camera moves, wholly or behind something that is in focus,
    input and target alike. See `synthesis.defocus`."""
    widest: float = 6.0
    """Their circle of confusion has a radius uniform from 1 to this, in pixels."""
    pattern_share: float = 0.0
    """Of the pictures out of focus: what is, is a drawn pattern of lines or figures, as blinds, fences
    and windows behind a face are. See `synthesis.drawing`."""
    short_share: float = 0.25
    """Of the blurred: lengths from `shortest` to `middle`, log-uniform."""
    shortest: float = 1.5
    middle: float = 8.0
    longest: float = 23.0
    """The other lengths are uniform from `middle` to `longest` pixels."""
    shaken_share: float = 0.5
    """Of the blurred: hand-held tremor instead of a pan."""
    turned_share: float = 0.15
    """Of the blurred: the camera also turns, by up to `turn_degrees` over the exposure."""
    turn_degrees: float = 0.5
    homography_share: float = 0.0
    """Of the blurred: the camera pans, tilts, rolls and moves before a plane, seen in perspective,
    instead of a path that is the same for every pixel."""
    layered_share: float = 0.0
    """Of the blurred: something from another photo moves on its own way before the rest."""
    saturated_share: float = 0.0
    """Pictures whose highlights are brighter than the sensor can hold."""
    dim_share: float = 0.0
    """Pictures taken in less light than their photograph, so that noise weighs more."""
    dimmest: float = 0.1
    """Their light is that of the photograph times a factor log-uniform from this to 1."""
    noisy_share: float = 0.9
    """Pictures with shot and read noise."""
    correlated_share: float = 0.0
    """Of the noisy: noise that neighbouring pixels share, as behind demosaicing."""
    curve_share: float = 0.0
    """Pictures of a camera with a tone curve of its own instead of sRGB's."""
    jpeg_share: float = 0.1
    h264_share: float = 0.1
    """Pictures coded by themselves, as JPEG or as one H.264 picture."""
    h264_clip_share: float = 0.0
    """Pictures coded as the last of three H.264 frames of one camera path."""
    shutter: float = 0.5
    """Part of a frame's time during which the shutter is open, above 0, at most 1; it matters where
    several frames are made."""
    bt601_share: float = 0.1
    """Full-range BT.601 as in JPEG; another tenth is full-range BT.709, the rest limited BT.709."""

    def __post_init__(self) -> None:
        """Refuse lengths out of order, shares outside [0, 1], and what `kernel` cannot do."""
        if not 0 < self.shortest <= self.middle <= self.longest <= _LONGEST:
            raise ValueError(
                f"Blur lengths must rise: shortest {self.shortest}, middle {self.middle},"
                f" longest {self.longest} (at most {_LONGEST:g})."
            )
        if self.softest < 0.4:
            raise ValueError(
                f"softest = {self.softest} is below 0.4, the least softness drawn. Give 0.4 or"
                " more, or soft_share = 0 for none."
            )
        if self.widest < 1:
            raise ValueError(
                f"widest = {self.widest} is below 1, the least radius drawn. Give 1 or more, or"
                " defocused_share = 0 for none."
            )
        if not 0 < self.dimmest <= 1:
            raise ValueError(
                f"dimmest = {self.dimmest} is no part of a photograph's light. Give more than 0, at"
                " most 1."
            )
        if not 0 < self.shutter <= 1:
            raise ValueError(
                f"shutter = {self.shutter} is no part of a frame. Give more than 0, at most 1."
            )
        self._check_shares()
        self._check_method()

    def _check_shares(self) -> None:
        for name in self.__slots__:
            if name.endswith("_share") and not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} = {getattr(self, name)} is no share. Give a value from 0 to 1."
                )
        coded = self.jpeg_share + self.h264_share + self.h264_clip_share
        if coded > 1 + 1e-9:
            raise ValueError(
                f"jpeg_share + h264_share + h264_clip_share = {coded:g}: a picture is coded once."
                " Give at most 1 together."
            )

    def _check_method(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(
                f"method = {self.method!r} is unknown. Give one of {get_args(Method)}."
            )
        if self.method == "kernel" and (asked := [n for n in _CAMERA_ONLY if getattr(self, n)]):
            raise ValueError(
                f"method = 'kernel' moves every pixel alike and knows no linear light: set {asked}"
                " to 0, or method = 'camera'."
            )

    @property
    def margin(self) -> int:
        """Pixels needed around a scene so that no border is invented: more than `longest`."""
        return max(_LEAST_MARGIN, ceil(self.longest) + 3)
