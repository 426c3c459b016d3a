"""An engine that is not there, where only what it would be is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from deblurvid.backends.base import Engine

if TYPE_CHECKING:
    from deblurvid.backends.base import EngineSpec
    from deblurvid.frames import Planes


class DescribedEngine(Engine):
    """It has a spec, and restores nothing."""

    slots = 0

    def __init__(self, spec: EngineSpec) -> None:
        """Describe an engine by `spec`, whose remark says what there is of it."""
        self.spec = spec

    def submit(self, planes: Planes, *, strength: float) -> NoReturn:
        """See Engine.submit."""
        raise NotImplementedError("an engine that is only described restores nothing")

    def collect(self) -> NoReturn:
        """See Engine.collect."""
        raise NotImplementedError("an engine that is only described restores nothing")

    def close(self) -> None:
        """See Engine.close."""
