"""What tools take where nothing is said: the laboratory in the present folder."""

from __future__ import annotations

#: The file of a laboratory in its folder.
LABORATORY = "lab.toml"
