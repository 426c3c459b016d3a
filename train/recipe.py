"""A training run in one value, read from TOML; an unknown key is an error, no silent default."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import cattrs

from train.critics import SIDE, SMALLEST_PATCH_SIDE
from train.generators import ARCHITECTURES, Architecture
from train.generators.planes import PlanesArchitecture
from train.losses.adversarial import AdversarialRecipe  # noqa: TC001 - cattrs reads the annotations
from train.losses.fidelity import FidelityRecipe
from train.optimisers import OptimiserRecipe
from train.synthesis.scene import BlurRecipe

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecipe:
    """How crops are drawn from scenes."""

    crop: int = 128
    """Side of a crop in pixels, a multiple of the generator's `multiple_of`."""
    batch: int = 16
    scene: int = 256
    """Side of a scene in pixels, even, at least `crop`."""
    uses: int = 16
    """Crops taken from each scene. See `data.samples` [Scene reuse]."""

    def __post_init__(self) -> None:
        """Refuse a scene that no crop fits."""
        if self.scene % 2 or self.crop % 2 or self.scene < self.crop:
            raise ValueError(
                f"scene {self.scene} and crop {self.crop} must be even, scene >= crop."
            )
        if self.batch < 1 or self.uses < 1:
            raise ValueError(f"batch {self.batch} and uses {self.uses} must be 1 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRecipe:
    """From a part of the run on, crops of another size: small ones first, large ones late."""

    start: float
    """Part of the run, 0 to 1, at which the phase begins."""
    crop: int
    batch: int

    def __post_init__(self) -> None:
        """Refuse a start outside the run."""
        if not 0 < self.start < 1:
            raise ValueError(f"A phase starts at {self.start}; give a part between 0 and 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualRecipe:
    """The distance between features of VGG (Johnson et al., arXiv 1603.08155)."""

    weight: float = 100.0
    network: Literal["vgg16", "vgg19"] = "vgg16"
    layer: str = "block3_conv3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeRecipe:
    """How a step is computed; what it computes stays the same but for rounding."""

    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    """What autocast uses; fp16 scales the loss and is for GPUs."""
    parts: int = 2
    """Parts a batch is worked off in on a CPU. See `loop.compute` [Parts of a batch]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a run, but its seed, its length and where the data lie."""

    architecture: Architecture = field(default_factory=PlanesArchitecture)
    blur: BlurRecipe = field(default_factory=BlurRecipe)
    samples: SampleRecipe = field(default_factory=SampleRecipe)
    phases: tuple[PhaseRecipe, ...] = ()
    fidelity: FidelityRecipe = field(default_factory=FidelityRecipe)
    perceptual: PerceptualRecipe | None = None
    adversarial: AdversarialRecipe | None = None
    spectrum: float = 0.3
    """Weight of what a planes generator with a spectrum tells wrongly of the blur."""
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)
    compute: ComputeRecipe = field(default_factory=ComputeRecipe)

    def __post_init__(self) -> None:
        """Refuse crops that the generator cannot take, and phases out of order."""
        multiple = self.architecture.multiple_of
        for crop in (self.samples.crop, *(phase.crop for phase in self.phases)):
            if crop % multiple or crop > self.samples.scene:
                raise ValueError(
                    f"The crop {crop} must be a multiple of {multiple} and within the scene,"
                    f" {self.samples.scene}."
                )
        self._check_parts()
        self._check_critic()
        if self.fidelity.is_zero and self.perceptual is None and self.adversarial is None:
            raise ValueError("Every loss has weight 0. Give fidelity, perceptual or adversarial.")
        if self.spectrum < 0:
            raise ValueError(f"spectrum = {self.spectrum} is below zero.")
        starts = [phase.start for phase in self.phases]
        if starts != sorted(starts):
            raise ValueError(f"Phases start at {starts}. Put them in order.")

    def _check_critic(self) -> None:
        """Refuse crops that the critic cannot take."""
        if self.adversarial is None:
            return
        for crop in (self.samples.crop, *(phase.crop for phase in self.phases)):
            if self.adversarial.critic.kind == "deblurgan-dense" and crop != SIDE:
                raise ValueError(f"The deblurgan-dense critic takes crops of {SIDE}, not {crop}.")
            if crop < SMALLEST_PATCH_SIDE:
                raise ValueError(
                    f"The patch critic takes crops from {SMALLEST_PATCH_SIDE} on, not {crop}."
                )

    def _check_parts(self) -> None:
        """Refuse parts where a batch must be seen whole."""
        parts = self.compute.parts
        for batch in (self.samples.batch, *(phase.batch for phase in self.phases)):
            if parts < 1 or batch % parts:
                raise ValueError(
                    f"A batch of {batch} cannot be worked off in {parts} equal parts. Change it, or"
                    " compute.parts."
                )
        if parts > 1 and (self.adversarial is not None or self.architecture.kind == "deblurgan"):
            raise ValueError(
                f"compute.parts = {parts} with a critic, batch norm or dropout, which take the batch"
                " as a whole. Take 1."
            )


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file."""
    return recipe_from_table(read_toml(path), path.name)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a ValueError names it."""
    with path.open("rb") as file:
        try:
            return tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is not TOML: {error}.") from error


def recipe_from_table(table: dict[str, Any], where: str) -> Recipe:
    """Turn nested tables into a recipe; `where` is what errors call them.

    `architecture` may be a name of `generators.ARCHITECTURES` instead of a table.

    Raises:
        ValueError: with every unknown key and every value of the wrong type, by their path.
    """
    named = table.get("architecture")
    if isinstance(named, str):
        if named not in ARCHITECTURES:
            raise ValueError(f"{where}: no architecture {named!r}; known: {[*ARCHITECTURES]}.")
        table = table | {"architecture": asdict(ARCHITECTURES[named])}
    try:
        return _CONVERTER.structure(table, Recipe)
    except cattrs.BaseValidationError as error:
        faults = cattrs.transform_error(error, format_exception=_in_words)
        raise ValueError(f"{where}: {'; '.join(faults)}") from error


def _in_words(error: BaseException, kind: type | None) -> str:
    """Our own errors speak for themselves; cattrs has words for the others."""
    if type(error) in (ValueError, TypeError):
        return str(error)
    return cattrs.v.format_exception(error, kind)


def _number(kinds: tuple[type, ...]) -> Any:
    def structure(value: Any, kind: type) -> Any:
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, kinds):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return kind(value)

    return structure


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(bool, _number((bool,)))
_CONVERTER.register_structure_hook(int, _number((int,)))
_CONVERTER.register_structure_hook(float, _number((int, float)))
