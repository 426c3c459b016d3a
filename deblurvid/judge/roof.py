"""What a GPU could compute at most, by what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deblurvid.backends.cuda import DeviceFacts

# Note: [Peaks]
# Operations a clock of one multiprocessor, a fused multiply-add as two, without sparsity: from
# NVIDIA's architecture whitepapers (Turing, A100, GA102, Ada, H100, Blackwell). Half precision is
# that of the tensor cores with sums in half precision where a card has two rates; GeForce cards
# sum in float32 at half of it. Float32 is that of the CUDA cores, since TF32 is switched off.
HALF: dict[tuple[int, int], int] = {
    (7, 5): 1024,
    (8, 0): 2048,
    (8, 6): 1024,
    (8, 9): 1024,
    (9, 0): 4096,
    (10, 0): 8192,
    (12, 0): 1024,
}
SINGLE: dict[tuple[int, int], int] = {
    (7, 5): 128,
    (8, 0): 128,
    (8, 6): 256,
    (8, 9): 256,
    (9, 0): 256,
    (10, 0): 256,
    (12, 0): 256,
}


def peak_operations_per_second(facts: DeviceFacts, precision: str) -> float | None:
    """Multiplications and additions a second at the highest clock; see Note: [Peaks].

    Args:
        facts: what the device says of itself.
        precision: fp16, bf16 or fp32.

    Returns:
        None for a GPU that is not in the table.
    """
    table = SINGLE if precision == "fp32" else HALF
    a_clock = table.get(facts.compute_capability)
    return None if a_clock is None else float(a_clock * facts.multiprocessors * facts.clock_hz)
