"""How far oneDNN, which computes for OpenVINO on a CPU, may go in vector instructions."""

from __future__ import annotations

import os

VARIABLE = "ONEDNN_MAX_CPU_ISA"
"""Read once in a process, when the first model is compiled."""
ISAS = ("AVX2", "AVX512_CORE", "AVX512_CORE_BF16", "AVX512_CORE_AMX", "ALL")
"""oneDNN's names of the usual ones, rising; each holds those before it. ALL is what the CPU has."""
WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")


def held_below_bf16() -> bool:
    """Whether this process may use no bf16, though the CPU has it: OpenVINO asks the CPU alone."""
    return os.environ.get(VARIABLE, "").upper() in WITHOUT_BF16
