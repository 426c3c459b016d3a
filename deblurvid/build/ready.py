"""A generator in, a plan that was checked or an open engine out: from the cache, or built first."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from deblurvid.backends.cuda import device_facts
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.backends.preflight import driver_cuda_version, load_trt
from deblurvid.backends.tiles import open_in_tiles, reach_for_tiles
from deblurvid.build import cache
from deblurvid.build.opening import driver_doubts, opened
from deblurvid.build.parity import FLOOR_DB, Parity, cut_to, measure, size_to_check, specimens
from deblurvid.build.process import build_in_process
from deblurvid.build.request import (
    USUAL_PROFILE,
    BuildRequest,
    Profile,
    profile_for,
    profile_for_tiles,
)
from deblurvid.build.toolchain import target_of
from deblurvid.errors import DeviceMemoryError, EngineError, PrecisionError
from deblurvid.events import Building, Built, Notice
from deblurvid.graph.wrap import wrap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deblurvid.backends.base import Engine
    from deblurvid.backends.cuda import DeviceFacts
    from deblurvid.backends.preflight import Flavour
    from deblurvid.build.cache import Plan
    from deblurvid.build.request import Size
    from deblurvid.events import Event
    from deblurvid.frames import PictureFormat, Planes
    from deblurvid.graph.contract import Generator
    from deblurvid.graph.precision import GraphPrecision

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LADDER: tuple[GraphPrecision, ...] = ("fp16", "bf16", "fp32")
"""What "auto" tries, fastest first, until one passes."""


class Act(Protocol[T_co]):
    """What is done with a plan that was found or built."""

    def __call__(self, plan: Plan, *, reused: bool) -> T_co:
        """Plan -> result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """What is to be built, but for the precision."""

    generator: Generator
    picture: PictureFormat
    flavour: Flavour
    profile: Profile = USUAL_PROFILE
    optimization_level: int = 3
    workspace_mib: int | None = None
    targets: tuple[str, ...] = ()
    device: int = 0
    gpu: DeviceFacts | None = None
    """The GPU at hand that plans are checked on; None where there is none."""
    pictures: tuple[Planes, ...] = ()
    """Real ones to check by, beside those of `parity.specimens`; of any size."""

    def precisions(self, precision: str) -> tuple[GraphPrecision, ...]:
        """What to try in turn for "auto", or the one that is named."""
        with_bf16 = self.gpu is None or self.gpu.has_bf16
        ladder = tuple(each for each in LADDER if each != "bf16" or with_bf16)
        return ladder if precision == "auto" else tuple(p for p in LADDER if p == precision)

    def request(self, precision: GraphPrecision) -> BuildRequest:
        """The request for one precision.

        Raises:
            PrecisionError: the generator cannot be written in it.
        """
        graph = wrap(self.generator, self.picture, precision=precision)
        return BuildRequest(
            graph=graph.SerializeToString(deterministic=True),
            generator=self.generator.name,
            picture=self.picture,
            precision=precision,
            flavour=self.flavour,
            profile=self.profile,
            optimization_level=self.optimization_level,
            workspace_mib=self.workspace_mib,
            targets=self.targets,
            gpu=None if self.flavour == "rtx" else self.gpu,
            device=self.device,
        )


def open_on_cuda(  # noqa: PLR0913 - each is a choice of its own
    generator: Generator,
    picture: PictureFormat,
    *,
    size: Size,
    device: int,
    flavour: Flavour,
    precision: str,
    tell: Callable[[Event], None],
) -> Engine:  # fmt: skip
    """Open a generator on a GPU; its plan is built and checked on first use.

    Args:
        generator: what restores.
        picture: sampling and depth of the frames.
        size: width and height of the frames.
        device: a CUDA device that `preflight.cuda_flavour` has found usable with `flavour`.
        flavour: who builds and runs the plan.
        precision: fp16, bf16, fp32, or auto: the fastest that passes the check.
        tell: is told Building, Built and Notices.

    Raises:
        GeneratorError: TensorRT cannot take the generator.
        EngineError: it cannot be built or run here.
        DeviceMemoryError: pictures of this size do not fit into the device's memory, and cannot be
            cut into tiles that do.
    """
    gpu = device_facts(device)

    def open_with(profile: Profile) -> Engine:
        wanted = wanted_on(gpu, generator, picture, profile, device=device, flavour=flavour)

        def use(plan: Plan) -> Engine:
            def open_(part: Size) -> Engine:
                return opened(plan, picture, size=part, device=device, gpu=gpu)

            return open_in_tiles(open_, generator, size, takes=profile.holds)

        return ready(wanted, precision, use, tell=tell)

    for_tiles = profile_for_tiles(size)
    try:
        return open_with(profile_for(size))
    except DeviceMemoryError as error:
        if for_tiles is None:
            raise
        reach_for_tiles(generator, error)
        tell(Notice(text=f"{error}; going on with a plan for tiles"))
    return open_with(for_tiles)


def wanted_on(
    gpu: DeviceFacts,
    generator: Generator,
    picture: PictureFormat,
    profile: Profile,
    *,
    device: int,
    flavour: Flavour,
) -> Wanted:  # fmt: skip
    """What a run on `gpu`, CUDA device number `device`, wants of `flavour`."""
    return Wanted(
        generator=generator,
        picture=picture,
        flavour=flavour,
        profile=profile,
        targets=(target_of(gpu),) if flavour == "rtx" else (),
        device=device,
        gpu=gpu,
    )


def ready(
    wanted: Wanted,
    precision: str,
    use: Callable[[Plan], T],
    *,
    tell: Callable[[Event], None],
    target: Path | None = None,
    force: bool = False,
) -> T:
    """Give `use` the plan of the first precision that passes the check, and give back its result.

    Where there is no GPU nothing can be checked, and the first precision is taken. A plan from the
    cache that turns out not to work is built again, once.

    Args:
        wanted: what to build.
        precision: fp16, bf16, fp32, or auto.
        use: opens the plan, or does nothing with it but give it back.
        tell: is told Building, Built and Notices.
        target: where the plan goes; None for the cache.
        force: build even what the cache holds.

    Raises:
        PrecisionError: no precision is left that it can be written in, that TensorRT can build,
            and that passes.
        GeneratorError: TensorRT cannot take it.
        EngineError: a build failed, or the plan does not work.
    """

    def act(plan: Plan, *, reused: bool) -> T:
        if wanted.gpu is not None:
            for doubt in driver_doubts(plan):
                tell(Notice(text=f"{plan.path} {doubt}"))
        checked = _checked(plan, wanted)
        _announce(checked, reused=reused, tell=tell)
        _judge(checked, keep=precision != "auto", tell=tell)
        return use(checked)

    def attempt(name: GraphPrecision) -> T:
        request = wanted.request(name)
        if target is None:
            return _from_cache(request, act, tell=tell, force=force)
        try:
            return act(_built_to(target, request, tell), reused=False)
        except BaseException:  # nobody may take it for one that was compared
            cache.discard(target)
            raise

    names = wanted.precisions(precision)
    for name, following in itertools.pairwise(names):
        try:
            return attempt(name)
        except PrecisionError as error:
            tell(Notice(text=f"{error}; going on with {following}"))
    return attempt(names[-1])


def _judge(plan: Plan, *, keep: bool, tell: Callable[[Event], None]) -> None:
    """Say of a plan below the floor that it is, and refuse it unless it is to be kept."""
    if plan.record.parity is None or Parity(**plan.record.parity).passed:
        return
    name, parity = plan.settings["precision"], Parity(**plan.record.parity)
    words = f"{plan.settings['generator']} in {name} gives {parity}: below {FLOOR_DB:g} dB"
    if keep:
        tell(Notice(text=f"{words}, and is used because it was asked for"))
    elif name == LADDER[-1]:
        raise PrecisionError(f"{words}. This GPU's results cannot be trusted; use --device cpu")
    else:
        raise PrecisionError(words)


def _from_cache(
    request: BuildRequest, act: Act[T], *, tell: Callable[[Event], None], force: bool
) -> T:
    """Let `act` have the plan of a request; one from the cache that fails is built again, once."""
    facts = facts_of(request)
    path = cache.path_of(facts)
    plan = None if force else _cached(path, facts, tell)
    if plan is not None:
        try:
            return act(plan, reused=True)
        except DeviceMemoryError:
            raise
        except EngineError as error:
            tell(Notice(text=f"the plan in the cache does not work ({error}); it is built again"))
            cache.discard(path)
    waiting = Notice(text="another process builds a plan; waiting for it")
    with cache.locked(lambda: tell(waiting)):
        # Whoever held the lock may have built this very plan.
        plan = None if force else _cached(path, facts, lambda _: None)
        reused = plan is not None
        if plan is None:
            plan = _built_to(path, request, tell)
    return act(plan, reused=reused)


def facts_of(request: BuildRequest) -> dict[str, Any]:
    """What a plan of `request` is found by in the cache."""
    return cache.facts_of(request, str(load_trt(request.flavour).__version__))


def _built_to(path: Path, request: BuildRequest, tell: Callable[[Event], None]) -> Plan:
    """Build and write a plan, and its sidecar beside it."""
    words = f"{request.generator} in {request.precision} for {request.profile}"

    def on_progress(phase: str, share: float) -> None:
        tell(Building(generator=words, phase=phase, share=share))

    on_progress("starting", 0.0)
    built = build_in_process(request, on_progress)
    return cache.store(path, facts_of(request), built, driver_cuda=driver_cuda_version())


def _cached(path: Path, facts: dict[str, Any], tell: Callable[[Event], None]) -> Plan | None:
    if not cache.is_there(path):
        return None
    try:
        return cache.read_cached(path, facts)
    except EngineError as error:
        tell(Notice(text=f"{error}; it is built again"))
        return None


def _announce(plan: Plan, *, reused: bool, tell: Callable[[Event], None]) -> None:
    parity = plan.record.parity
    tell(
        Built(
            path=plan.path,
            seconds=plan.record.build_seconds,
            size_bytes=plan.record.plan_bytes,
            reused=reused,
            parity=None if parity is None else str(Parity(**parity)),
        )
    )


def _checked(plan: Plan, wanted: Wanted) -> Plan:
    """The plan with its parity in the sidecar, if there is a GPU to measure it on."""
    if wanted.gpu is None or (plan.record.parity is not None and not wanted.pictures):
        return plan
    size = size_to_check(wanted.profile)
    pictures = specimens(size, wanted.picture)
    pictures += [cut_to(picture, wanted.picture, size) for picture in wanted.pictures]
    exact = wrap(wanted.generator, wanted.picture, precision="fp32")
    with (
        opened(plan, wanted.picture, size=size, device=wanted.device, gpu=wanted.gpu) as engine,
        OpenVinoEngine(
            exact, wanted.generator, wanted.picture, size=size, device="CPU", precision="fp32"
        ) as reference,
    ):
        parity = measure(engine, reference, pictures)
    return cache.with_parity(plan, asdict(parity))
