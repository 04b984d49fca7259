"""The parts in C: a load generator that is not the limit, and a relay to compare with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_HERE = Path(__file__).parent


class NoCompilerError(Exception):
    """There is nothing to compile them with."""


def compiled(name: str, folder: Path) -> Path:
    """The program of ``NAME.c``, made in that folder. Raises NoCompilerError."""
    compiler = next((each for each in ("cc", "gcc", "clang") if shutil.which(each)), None)
    if compiler is None:
        raise NoCompilerError(
            "a C compiler is needed for the load and the reference relay:"
            " apt install gcc libc6-dev, or what your system calls it"
        )
    program = folder / name
    subprocess.run(
        [compiler, "-O2", "-D_GNU_SOURCE", "-o", program, _HERE / f"{name}.c"], check=True
    )
    return program
