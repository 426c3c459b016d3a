"""TensorRT-RTX, a cache of one's own, and requests."""

from __future__ import annotations

import functools
import importlib.util
import os
from typing import TYPE_CHECKING, Any

import pytest

from deblurvid.backends.cuda import DeviceFacts
from deblurvid.build.process import build_in_process
from deblurvid.build.request import BuildRequest, Profile
from deblurvid.frames import PictureFormat
from deblurvid.graph.wrap import wrap
from tests.graph.generators import conv_planes, conv_rgb, generator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deblurvid.build.process import BuiltPlan
    from deblurvid.graph.contract import Generator
    from tests.build.world import World

SMALL = Profile(smallest=(32, 32), best=(64, 48), largest=(128, 96))
YUV420 = PictureFormat(source="yuv420", depth=8)
GPU = DeviceFacts(
    name="Some GPU",
    compute_capability=(8, 9),
    multiprocessors=76,
    memory_gib=16,
    clock_hz=2_505_000_000,
    memory_bytes_per_second=717_000_000_000,
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of these tests go to a folder of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def rtx() -> Any:
    """TensorRT-RTX, which must be there where DEBLURVID_REQUIRE_RTX is set."""
    if importlib.util.find_spec("tensorrt_rtx") is None:
        if os.environ.get("DEBLURVID_REQUIRE_RTX"):
            pytest.fail("tensorrt_rtx is not installed, and DEBLURVID_REQUIRE_RTX is set")
        pytest.skip("tensorrt_rtx is not installed")
    import tensorrt_rtx

    return tensorrt_rtx


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A GPU and a builder that do as the test tells them."""
    from deblurvid.build import opening, ready
    from tests.build.world import World

    made = World()
    monkeypatch.setattr(ready, "build_in_process", made.build)
    monkeypatch.setattr(opening, "TensorRtEngine", made.open)
    monkeypatch.setattr(opening, "cuda_flavour", lambda _device, flavours: flavours[0])
    for module in (ready, opening):
        monkeypatch.setattr(module, "device_facts", lambda _: GPU)
    return made


@functools.cache
def tiny(kind: str = "planes") -> Generator:
    """A generator that builds in a moment."""
    return generator(conv_planes() if kind == "planes" else conv_rgb())


def request_for(made: Generator | None = None, **changes: Any) -> BuildRequest:
    """A request by TensorRT-RTX, small unless `changes` say otherwise."""
    made = made or tiny()
    picture = changes.get("picture", YUV420)
    precision = changes.get("precision", "fp16")
    graph = wrap(made, picture, precision=precision).SerializeToString(deterministic=True)
    facts: dict[str, Any] = {
        "graph": graph,
        "generator": made.name,
        "picture": picture,
        "precision": precision,
        "flavour": "rtx",
        "profile": SMALL,
    }
    return BuildRequest(**(facts | changes))


@functools.cache
def built_once(request: BuildRequest) -> BuiltPlan:
    """As `build`, but the same request is built once in a whole test run."""
    return build(request)


def build(
    request: BuildRequest, on_progress: Callable[[str, float], None] = lambda _phase, _share: None
) -> BuiltPlan:
    """Build as the product does, in a process of its own."""
    return build_in_process(request, on_progress)
