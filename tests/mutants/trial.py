"""Trying one mutant: it takes the place of its function in this process, and the tests run."""

from __future__ import annotations

import importlib
import os
import resource
import signal
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.mutants.mutants import Mutant
from tests.mutants.reach import passes

NOTICED = 1
_MEMORY = 4 << 30
# Of wall time, where a mutant waits for ever.
_PATIENCE = 120


def attempt(mutant: Mutant, tests: Sequence[SynchronousTestCase], seconds: float) -> int:
    """0 where all of these pass with the mutant; ``seconds`` is what they take of the processor.

    What needs several times as long is ended by a signal.
    """
    put_in_place(mutant)
    os.dup2(1, 2)
    limit = 4 + int(3 * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.alarm(_PATIENCE + 4 * limit)
    return 0 if all(passes(test) for test in tests) else NOTICED


def put_in_place(mutant: Mutant) -> None:
    """Whoever holds the function has the mutant: its code is changed, and not the name."""
    module_name = mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = importlib.import_module(module_name)
    kept = ("__name__", "__file__", "__package__")
    changed: dict[str, Any] = {key: vars(module)[key] for key in kept}
    exec(compile(mutant.source, mutant.path, "exec"), changed)
    old, new = _function(vars(module), mutant.function), _function(changed, mutant.function)
    if mutant.in_head:
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    if old.__code__.co_freevars == new.__code__.co_freevars:
        old.__code__ = new.__code__
    else:
        owner, _, name = mutant.function.rpartition(".")
        setattr(getattr(module, owner) if owner else module, name, new)


def _function(names: dict[str, Any], function: str) -> FunctionType:
    owner, _, name = function.rpartition(".")
    found = vars(names[owner])[name] if owner else names[name]
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    assert isinstance(found, FunctionType), found
    return found
