"""A request that finds its page, and is answered by it.

``twisted.web.server`` does that too, with sessions, templates and a road for remote objects beside,
which nobody needs here: 37 modules, which a start of either process would import beside its own.
That took a fifteenth more CPU (the least of six, in turns: 88 ms beside 1,310, on a busy computer).
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_to_bytes

from twisted.logger import Logger
from twisted.web import http
from twisted.web.resource import IResource, getChildForRequest

#: What a page gives that is going to write, and to finish, later.
NOT_DONE_YET: Final = object()


class Request(http.Request):
    """What twisted.web's resources are asked with."""

    _log = Logger()

    def answer_from(self, root: IResource) -> None:
        """Write what the page says that the path leads to, from ``root``."""
        self.prepath: list[bytes] = []
        # What begins with no "/", as "*", is no page.
        self.postpath = [unquote_to_bytes(each) for each in self.path.split(b"/")]
        if not self.postpath[0]:
            del self.postpath[0]
        self.setHeader(b"Date", http.datetimeToString())
        body: Any
        try:
            body = getChildForRequest(root, self).render(self)
        except Exception:
            self._log.failure("{page} could not be made", page=self.path)
            if self.startedWriting:
                self.channel.forceAbortClient()
                return
            body = plain(self, "this page could not be made; the log says why", 500)
        if body is not NOT_DONE_YET:
            self.setHeader(b"Content-Length", b"%d" % len(body))
            # For HEAD nothing of it is sent.
            self.write(body)
            self.finish()


def plain(request: Request, text: str, code: int = 200, kind: str = "text/plain") -> bytes:
    """Set what a text needs and give its bytes."""
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", f"{kind}; charset=utf-8".encode())
    return f"{text}\n".encode() if kind == "text/plain" else text.encode()
