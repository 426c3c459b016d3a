"""What would run on a GPU, told without building, opening or writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.backends.base import EngineSpec
from deblurvid.backends.cuda import device_facts
from deblurvid.backends.described import DescribedEngine
from deblurvid.build import cache
from deblurvid.build.parity import Parity
from deblurvid.build.ready import facts_of, wanted_on
from deblurvid.build.request import profile_for
from deblurvid.errors import EngineError, PrecisionError

if TYPE_CHECKING:
    from deblurvid.backends.preflight import Flavour
    from deblurvid.build.cache import Plan
    from deblurvid.build.ready import Wanted
    from deblurvid.build.request import Size
    from deblurvid.frames import PictureFormat
    from deblurvid.graph.contract import Generator
    from deblurvid.graph.precision import GraphPrecision

CACHED = "its plan is in the cache"
TO_BUILD = "its plan would be built first, which takes minutes"


def foresee_on_cuda(
    generator: Generator,
    picture: PictureFormat,
    *,
    size: Size,
    device: int,
    flavour: Flavour,
    precision: str,
) -> DescribedEngine:
    """What `ready.open_on_cuda` would open, as far as the cache tells; arguments as there.

    What only building and opening tell is not known: whether the memory suffices, and whether a
    precision passes that was never built.

    Raises:
        PrecisionError: the generator cannot be written in the precision.
    """
    gpu = device_facts(device)
    wanted = wanted_on(gpu, generator, picture, profile_for(size), device=device, flavour=flavour)
    name, remark = _first(wanted, precision)
    return DescribedEngine(
        EngineSpec(
            width=size[0],
            height=size[1],
            picture=picture,
            generator=generator.name,
            device=f"cuda:{device} ({gpu.name})",
            precision=name,
            remark=remark,
        )
    )


def _first(wanted: Wanted, precision: str) -> tuple[GraphPrecision, str]:
    """The precision that would be used first, and what there is of its plan."""
    *others, last = wanted.precisions(precision)
    for name in others:
        try:
            plan = _cached(wanted, name)
        except PrecisionError:
            continue
        if plan is None:
            return name, TO_BUILD
        if plan.record.parity is None or Parity(**plan.record.parity).passed:
            return name, CACHED
    return last, TO_BUILD if _cached(wanted, last) is None else CACHED


def _cached(wanted: Wanted, name: GraphPrecision) -> Plan | None:
    facts = facts_of(wanted.request(name))
    path = cache.path_of(facts)
    try:
        return cache.read_cached(path, facts) if cache.is_there(path) else None
    except EngineError:  # it would be built again
        return None
