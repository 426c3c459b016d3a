"""Tensors side by side in one block of memory, so that a picture crosses the bus in one copy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deblurvid.backends.cuda import ALIGNMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from deblurvid.backends.cuda import Driver, Stream


class Block:
    """Page-locked memory, device memory of the same layout, and views of the tensors in it."""

    def __init__(
        self,
        driver: Driver,
        shapes: Mapping[str, tuple[int, ...]],
        dtypes: Mapping[str, np.dtype[Any]],
        *,
        upload: bool,
    ) -> None:
        """Allocate both.

        Args:
            driver: whose memory it is, and who frees it.
            shapes: of the tensors, by name.
            dtypes: of the same tensors.
            upload: the host only writes; see `Driver.pinned`.
        """
        offsets, size = {}, 0
        for name, shape in shapes.items():
            offsets[name] = size
            needed = math.prod(shape) * dtypes[name].itemsize
            size += -(-needed // ALIGNMENT) * ALIGNMENT
        self._host = driver.pinned(size, upload=upload)
        self._device = driver.allocate(size)
        self._driver = driver
        self.addresses = {name: self._device + offset for name, offset in offsets.items()}
        """Where each tensor lies on the device."""
        self.views: dict[str, NDArray[Any]] = {}
        """Each tensor in page-locked memory; dead once the driver is closed."""
        for name, shape in shapes.items():
            at, kind = offsets[name], dtypes[name]
            held = self._host[at : at + math.prod(shape) * kind.itemsize]
            self.views[name] = held.view(kind).reshape(shape)

    def upload(self, stream: Stream) -> None:
        """Begin to copy all tensors to the device."""
        self._driver.upload(self._host, self._device, stream)

    def download(self, stream: Stream) -> None:
        """Begin to copy all tensors from the device."""
        self._driver.download(self._device, self._host, stream)
