"""Every tolerance of the tests, with its reason. Nothing is compared 'closely' anywhere else."""


def rounding_slack(depth: int) -> float:
    """Codes by which a graph may round differently from float64: 0.001 at 10 bits.

    A graph computes in float32, whose step at 2^depth is 2^(depth - 23). A dozen products and sums
    (offset, two matrices, chroma) leave some steps of error, so a value this close to the middle
    between two codes may fall on either side.
    """
    return 2.0 ** (depth - 20)


FP32_PATH = 1e-6
"""Fractions of the whole range by which float32 values in front of a generator may differ."""

HALF_PARITY_DB = 50.0
"""PSNR of a residual computed by float16 types against float32's, peak 1: the tiny networks of
these tests reach 70 and more; a wrong type, a lost bias or an overflow leaves less than 40."""

BF16_PARITY_DB = 45.0
"""The same for bfloat16, which keeps 8 bits instead of 11."""
