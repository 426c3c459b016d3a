"""The one definition of every figure that judges pictures; the trainer takes it from here.

`fidelity` says how close a picture is to the sharp one, `sharpness` how much fine detail it holds,
`flicker` how restlessly pictures follow each other. OpenCV and scikit-image are in the extra
`score`, and are imported where they are used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W, 3) R'G'B' codes, of which 0 is black and the largest of the type is white: 255 or 65535.

Two pictures that are compared are of one shape and one type.
"""
