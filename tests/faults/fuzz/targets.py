"""The targets by name, and what is kept of inputs that once broke one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

#: Each is a module of this folder with ``fuzz`` and ``WORDS``.
NAMES = ("framing", "grammar", "arguments", "qtegra", "instruments")

_CORPUS = Path(__file__).with_name("corpus")


class Target(NamedTuple):
    """``fuzz`` raises for a finding. ``words`` help a fuzzer to what is rare."""

    fuzz: Callable[[bytes], None]
    words: Sequence[bytes]


def target(name: str) -> Target:
    module = import_module(f"tests.faults.fuzz.{name}")
    return Target(module.fuzz, module.WORDS)


def corpus(name: str) -> list[Path]:
    """Inputs that broke it once, or broke code with a mistake put in by hand; one to a file."""
    return sorted((_CORPUS / name).glob("*.bin"))
