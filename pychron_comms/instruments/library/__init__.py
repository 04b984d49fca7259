"""Ready descriptions, by the names of their files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.instruments.description import Description
from pychron_comms.instruments.loader import read_description

#: Of files; a name without it is that of a ready description.
ENDING = ".toml"


def ready() -> list[str]:
    """The names of all that come with the package."""
    files = (each.name for each in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(ENDING) for name in files if name.endswith(ENDING))


def named_description(name: str) -> Description:
    """A ready one by its name, or a file. ConfigError; FileNotFoundError for what is neither."""
    if name.endswith(ENDING):
        if not Path(name).is_file():
            raise FileNotFoundError(f"no file {name}")
        return read_description(Table.load(name), Path(name).stem)
    known = ready()
    if name not in known:
        near = did_you_mean(name, known)
        raise FileNotFoundError(
            f"no ready description {name!r}{near} (`pychron-instrument list` has them; "
            "a file of your own ends in .toml)"
        )
    return read_description(Table.parse(ready_text(name), name + ENDING), name)


def ready_text(name: str) -> str:
    """The file of a ready one. FileNotFoundError."""
    return resources.files(__name__).joinpath(name + ENDING).read_text("utf-8")
