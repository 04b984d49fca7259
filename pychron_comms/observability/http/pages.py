"""The status page's own files, read once."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from twisted.web.resource import IResource, Resource

from pychron_comms.observability.http.requests import Request
from pychron_comms.observability.http.site import Refusal

_FOLDER = "pychron_comms.observability.status_page"
_KINDS = {".js": "text/javascript", ".LICENSE": "text/plain"}


class File(Resource):
    """Bytes that never change while the process runs."""

    isLeaf = True

    def __init__(self, content: bytes, kind: str) -> None:
        super().__init__()
        self.content = content
        self.kind = kind

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"Content-Type", self.kind.encode())
        return self.content


class Folder(Resource):
    """Files by their names, and nothing else."""

    def __init__(self, files: Mapping[str, File]) -> None:
        super().__init__()
        self.files = files
        self._none = Refusal(404, "there is no such file")

    def getChild(self, path: bytes, request: Request) -> Resource:
        file = self.files.get(path.decode(errors="replace"))
        return self._none if file is None or request.postpath else file

    def render_GET(self, request: Request) -> bytes:
        return self._none.render(request)


class Page(NamedTuple):
    """The page itself, and what it is made of."""

    root: File
    static: Folder


def page_files() -> Page:
    """As they are in the package."""
    parts: dict[str, File] = {}
    for file in files(_FOLDER).iterdir():
        if file.is_file() and not file.name.endswith((".py", ".pyc")):
            parts[file.name] = File(file.read_bytes(), _kind(file.name))
    return Page(parts.pop("index.html"), Folder(parts))


def page_resources() -> dict[str, IResource]:
    """The page at the root, and its parts below ``static``."""
    page = page_files()
    return {"": page.root, "static": page.static}


def _kind(name: str) -> str:
    ending = name[name.rindex(".") :]
    kind = _KINDS.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(("text/", "image/svg")) else kind
