"""What TensorRT logs, which is how it says why something failed."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_LOGGER = logging.getLogger(__name__)
_NO_MEMORY = re.compile(
    r"(?i)out ?of ?memory|insufficient (device )?memory|memory is insufficient"
    r"|insufficient workspace|could not be allocated|cudaErrorMemoryAllocation"
)
"""An illegal memory access is another thing."""


def lacks_memory(line: str) -> bool:
    """Whether a line of the log says that there is too little memory."""
    return _NO_MEMORY.search(line) is not None


def collecting_log(trt: ModuleType) -> Any:
    """TensorRT's logger: all goes to the debug log, and the errors are kept."""
    levels = trt.ILogger.Severity

    class Log(trt.ILogger):  # type: ignore[misc, name-defined]  # its base is known at run time
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, level: Any, text: str) -> None:
            if level in (levels.INTERNAL_ERROR, levels.ERROR):
                self.errors.append(" ".join(text.split()))
            _LOGGER.debug("%s: %s", trt.__name__, text)

        def reason(self) -> str:
            """The error that tells most: what lacks memory, else the last one."""
            lacking = [line for line in self.errors if lacks_memory(line)]
            return (lacking or self.errors or ["it gives no reason"])[-1]

    return Log()
