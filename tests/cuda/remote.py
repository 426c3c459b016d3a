# ruff: noqa: D101, D102 - an Engine
"""A TensorRtEngine in the child process, as an engine in this one."""

from deblurvid.backends.base import Engine, EngineSpec
from deblurvid.backends.tensorrt import TensorRtEngine
from tests.cuda.child import Child

ENGINES: list[TensorRtEngine] = []
"""Of the child; a RemoteEngine knows its own by number."""


class RemoteEngine(Engine):
    def __init__(self, child: Child, name, picture, *, size) -> None:
        self._child = child
        self._number, self.spec, self.slots = child.call(_open, name, picture, size)

    def submit(self, planes, *, strength):
        self._child.call(_call, self._number, "submit", planes, strength=strength)

    def collect(self):
        return self._child.call(_call, self._number, "collect")

    def close(self):
        self._child.call(_call, self._number, "close")


def _open(name, picture, size) -> tuple[int, EngineSpec, int]:
    from tests.cuda import streaming

    ENGINES.append(streaming.open_(name, picture, size=size))
    return len(ENGINES) - 1, ENGINES[-1].spec, ENGINES[-1].slots


def _call(number, method, *args, **options):
    return getattr(ENGINES[number], method)(*args, **options)
