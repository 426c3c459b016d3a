"""A benchmark as on a CPU with fewer vector instructions, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from deblurvid.backends.isa import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


def within_isa(isa: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives where oneDNN uses no instructions beyond `isa`.

    Args:
        isa: one of `backends.isa.ISAS`; one that the CPU lacks changes nothing.
        work: can be pickled, like its arguments and its result.
        *args: of it.
        **kwargs: of it.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_limit, initargs=(isa,)) as pool:
        return pool.submit(work, *args, **kwargs).result()


def _limit(isa: str) -> None:
    """Before anything loads oneDNN: this module does not."""
    os.environ[VARIABLE] = isa
