"""Completion scripts, loaded by the shells that they are for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CHECKS = {
    "bash": "source {file} && complete -p {name}",
    "zsh": "autoload -Uz compinit && compinit -u -D && source {file}",
    "fish": 'source {file}; and complete -C "{name} --comple" | string match -q "*--completion*"',
}


@pytest.mark.skipif(find_spec("shtab") is None, reason="the extra completion is not installed")
@pytest.mark.parametrize("shell", CHECKS)
@pytest.mark.parametrize("name", ["pychron-ask", "pychron-lab"])
def test_a_shell_takes_its_script(tmp_path: Path, shell: str, name: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    module = "operations.tool" if name == "pychron-lab" else "client.ask"
    code = f"from pychron_comms.{module} import main; main(['--completion', '{shell}'])"
    script = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    file = tmp_path / f"completion.{shell}"
    file.write_text(script.stdout)
    check = CHECKS[shell].format(file=file, name=name)
    words = [shell, "-f", "-c", check] if shell == "zsh" else [shell, "-c", check]

    loaded = subprocess.run(
        words,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )

    assert loaded.returncode == 0, loaded.stderr
