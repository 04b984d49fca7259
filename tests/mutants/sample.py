"""The sample: which small changes of the code are tried.

Which there are is said by mutmut: its operators, its pragmas, its ``[mutmut]`` in setup.cfg.
"""

from __future__ import annotations

import hashlib
import pickle
import random
from collections.abc import Iterator

import libcst
from mutmut.configuration import config
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

from tests.mutants.mutants import ROOT, Mutant, changed

_FOLDER = ROOT / "build" / "mutants" / "samples"


def path_of(name: str) -> str:
    """Of a room, or of a file in one."""
    return f"pychron_comms/{name}"


def room_files(room: str) -> list[str]:
    """All of a room, or the one file that is named itself; none where there is neither."""
    root = ROOT / path_of(room)
    files = [root] if root.is_file() else root.rglob("*.py")
    paths = sorted(str(path.relative_to(ROOT)) for path in files)
    return [path for path in paths if config().should_mutate(path)]


def kept(path: str, share: float, seed: int) -> list[Mutant]:
    """What ``drawn`` gives, which takes long, kept until the file changes."""
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:16]
    folder = _FOLDER / f"{share:g}-{seed}"
    file = folder / f"{path.replace('/', '.')}-{digest}"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{path.replace('/', '.')}-*"):
            left.unlink()
        file.write_bytes(pickle.dumps(drawn(path, share, seed)))
    mutants: list[Mutant] = pickle.loads(file.read_bytes())
    return mutants


def drawn(path: str, share: float, seed: int) -> list[Mutant]:
    """Those of a file that fall into the sample.

    Each is drawn by itself, by the name of its function and its number there: what is changed
    elsewhere draws no others.
    """
    source = (ROOT / path).read_text("utf-8")
    module, mutations, *_ = create_mutations(path, source)
    names = dict(_functions(module))
    numbers: dict[str, int] = {}
    found: list[Mutant] = []
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if function not in names:
            continue
        name = names[function]
        numbers[name] = number = numbers.get(name, 0) + 1
        if random.Random(f"{seed}/{path}/{name}/{number}").random() < share:
            found.extend(_mutant(path, source, mutation, name, number))
    return found


def _mutant(path: str, source: str, mutation: Mutation, name: str, number: int) -> Iterator[Mutant]:
    """One; none where the same function stands twice in the file."""
    function = mutation.contained_by_top_level_function
    assert function is not None
    other = deep_replace(function, mutation.original_node, mutation.mutated_node)
    assert isinstance(other, libcst.FunctionDef)
    original, text = _text(function, "." in name), _text(other, "." in name)
    if source.count(original) == 1:
        yield changed(path, source, name, number, original=original, text=text)


def _text(function: libcst.FunctionDef, is_method: bool) -> str:
    """As it stands in its file, without the empty lines above it, which libcst counts to it."""
    bare = function.with_changes(leading_lines=())
    if not is_method:
        return libcst.Module([bare]).code
    owner = libcst.ClassDef(libcst.Name("Owner"), libcst.IndentedBlock([bare]))
    return libcst.Module([owner]).code.partition("\n")[2]


def _functions(module: libcst.Module) -> Iterator[tuple[libcst.FunctionDef, str]]:
    for statement in module.body:
        if isinstance(statement, libcst.FunctionDef):
            yield statement, statement.name.value
        elif isinstance(statement, libcst.ClassDef):
            for each in statement.body.body:
                if isinstance(each, libcst.FunctionDef):
                    yield each, f"{statement.name.value}.{each.name.value}"
