"""Which instruction sets the vector kernels know, and which one this process uses."""

import functools
import os
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import llvmlite.binding
from numba.core import config

__all__ = ["ISAS", "SCALAR", "Isa", "available", "chosen_among", "chosen_isa"]

VARIABLE = "ANSFLOW_ISA"
SCALAR = "scalar"


class Isa(NamedTuple):
    """An instruction set: lanes of 32 bits in a register, and the features it needs."""

    width: int
    features: frozenset[str]


AVX2 = frozenset({"avx2", "bmi2", "popcnt"})
AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512vbmi2"}

# Best first. AVX-512 starts with the generation that compacts 16-bit words (Ice Lake, Zen 4):
# earlier ones also lower their clock for it, and do better with AVX2. The generic set is plain IR,
# which LLVM compiles for any machine. Moving one element at a time, it decodes no faster than
# the scalar kernel, so it has to be asked for.
ISAS = {
    "avx512": Isa(16, AVX512),
    "avx2": Isa(8, AVX2),
    "avx2-loads": Isa(8, AVX2),
    "generic": Isa(4, frozenset()),
}

# Microcode against the leak called Downfall makes gathers several times slower; Linux tells here.
SLOW_GATHERS = Path("/sys/devices/system/cpu/vulnerabilities/gather_data_sampling")
# These processors, which have no AVX-512, take longer for a gather than for loads.
SLOW_GATHERERS = frozenset({"znver1", "znver2", "znver3"})


@functools.cache
def compiled_features() -> frozenset[str]:
    """CPU features that Numba compiles for: the host's, or those of ``NUMBA_CPU_FEATURES``."""
    flags: str | None = getattr(config, "CPU_FEATURES", None)
    if flags is None and getattr(config, "CPU_NAME", None) == "generic":
        flags = ""
    if flags is None:
        flags = llvmlite.binding.get_host_cpu_features().flatten()
    return frozenset(flag[1:] for flag in flags.split(",") if flag.startswith("+"))


def available() -> list[str]:
    """Names of the instruction sets that work here, best first; uncompiled, none does."""
    if getattr(config, "DISABLE_JIT", False):
        return []
    return _supported(compiled_features())


@functools.cache
def _supported(features: frozenset[str]) -> list[str]:
    return [name for name, isa in ISAS.items() if isa.features <= features]


@functools.cache
def gathers_are_slow() -> bool:
    if llvmlite.binding.get_host_cpu_name() in SLOW_GATHERERS:
        return True
    try:
        return SLOW_GATHERS.read_text().startswith("Mitigation")
    except OSError:
        return False


@functools.cache
def chosen_isa() -> str:
    """The instruction set to use: a name from `ISAS`, or "scalar" for none.

    The best that the machine has, unless the environment variable ``ANSFLOW_ISA`` names one when
    this is called for the first time: to ask for it each time takes longer than to call a kernel.

    Raises
    ------
    ValueError
        If that names one which is unknown or which this machine lacks.
    """
    wanted, known = os.environ.get(VARIABLE), available()
    if wanted:
        if wanted not in (*known, SCALAR):
            names = ", ".join((*known, SCALAR))
            raise ValueError(f"{VARIABLE} is {wanted!r}; this machine knows {names}")
        return wanted
    if gathers_are_slow() and "avx2-loads" in known:
        return "avx2-loads"
    return known[0] if known and known[0] != "generic" else SCALAR


def chosen_among(isas: AbstractSet[str]) -> str | None:
    """The instruction set to use, if it is one of those that a kernel knows; otherwise None."""
    isa = chosen_isa()
    return isa if isa in isas else None
