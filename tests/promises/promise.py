"""What a promise is made of."""

from __future__ import annotations

from typing import NamedTuple


class Promise(NamedTuple):
    """``text`` and ``how`` it is kept are that page's; ``file`` is below ``pychron_comms``.

    ``broken`` takes the place of ``kept``, which is in the file once. ``test`` is the test's name.
    """

    text: str
    how: str
    file: str
    kept: str
    broken: str
    test: str

    @property
    def test_file(self) -> str:
        module, _, _ = self.test.rpartition(".")
        module, _, _ = module.rpartition(".")
        return f"{module.replace('.', '/')}.py"
