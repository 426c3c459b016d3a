"""What every display is: a context manager that is shown events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from deblurvid.events import FolderEvent


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run ended without Finished."""

    kind: Literal["error", "interrupted"]
    message: str
    type: str
    """Name of the exception."""
    exit_code: int


class Display(Protocol):
    """Shows events as they come; a context manager around the run.

    Each takes every event there is, and shows those that it is made for.
    """

    def show(self, event: FolderEvent) -> None:
        """Take the next event."""
        ...

    def fail(self, failure: Failure) -> None:
        """Tell programs why there is no Finished. People are told by the command line itself."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class NoDisplay:
    """Shows nothing; also what the other displays have in common."""

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""

    def fail(self, failure: Failure) -> None:
        """See Display.fail."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None
