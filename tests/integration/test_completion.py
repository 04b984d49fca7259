"""Completion scripts of every tool, loaded and asked by the shells that they are for."""

from __future__ import annotations

import io
import shutil
import subprocess
from contextlib import redirect_stdout, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

#: Each tool, where it is, and the beginning and rest of one of its verbs or options.
TOOLS = {
    "pychron-ask": ("client.ask", "--ser", "--server"),
    "pychron-alarms": ("alarms.tool", "shel", "shelve"),
    "pychron-certs": ("certs.tool", "iss", "issue"),
    "pychron-history": ("history.tool", "pl", "plot"),
    "pychron-instrument": ("instruments.tool", "sim", "sim"),
    "pychron-journal": ("journal.command", "timel", "timeline"),
    "pychron-lab": ("operations.tool", "doc", "doctor"),
}

#: Each loads the script, and says how the beginning of a word may go on; zsh completes only at a
#: terminal, and so says that it knows the function.
ASKS = {
    "bash": "source {file} && COMP_WORDS=({name} {begun}) COMP_CWORD=1 "
    '&& eval "$(complete -p {name} | sed "s/.*-F \\([^ ]*\\).*/\\1/")" '
    '&& printf "%s\\n" "${{COMPREPLY[@]}}"',
    "fish": 'source {file}; complete -C "{name} {begun}"',
    "zsh": 'autoload -Uz compinit && compinit -u -D && eval "$(<{file})" '
    '&& [[ -n "${{_comps[{name}]}}" ]] && whence -f "${{_comps[{name}]}}" && cat {file}',
}


def script(name: str, shell: str) -> str:
    """What the tool itself writes."""
    main = import_module(f"pychron_comms.{TOOLS[name][0]}").main
    out = io.StringIO()
    with redirect_stdout(out), suppress(SystemExit):
        main(["--completion", shell])
    return out.getvalue()


def ask(shell: str, code: str, folder: Path) -> str:
    """What the shell says, without anything that its user has set up."""
    words = [shell, "-f", "-c", code] if shell == "zsh" else [shell, "-c", code]
    said = subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.skipif(find_spec("shtab") is None, reason="the extra completion is not installed")
@pytest.mark.parametrize("shell", ASKS)
@pytest.mark.parametrize("name", TOOLS)
def test_a_shell_completes_what_was_begun(tmp_path: Path, name: str, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    file = tmp_path / f"completion.{shell}"
    file.write_text(script(name, shell))
    _, begun, whole = TOOLS[name]
    told = ask(shell, ASKS[shell].format(file=file, name=name, begun=begun), tmp_path)
    assert whole in told


@pytest.mark.skipif(find_spec("shtab") is None, reason="the extra completion is not installed")
@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_files_are_completed_where_a_file_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "lab.journal").touch()
    file = tmp_path / "completion.fish"
    file.write_text(script("pychron-journal", "fish"))
    told = ask("fish", f'source {file}; complete -C "pychron-journal show lab.j"', tmp_path)
    assert told.startswith("lab.journal")
