"""``GET /journal?target=A&since=1772489645``: what happened, from the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource

from pychron_comms.observability.http.requests import NOT_DONE_YET, Request, plain

#: Answers a question with what JSON holds; raises ValueError for what cannot be asked.
Find = Callable[[Mapping[str, str]], Deferred[dict[str, Any]]]


class JournalPage(Resource):
    """JSON: the newest records that fit the question in the address."""

    isLeaf = True
    _log = Logger()

    def __init__(self, find: Find) -> None:
        super().__init__()
        self._find = find

    def render_GET(self, request: Request) -> Any:
        fields = {
            name.decode(errors="replace"): values[-1].decode(errors="replace")
            for name, values in request.args.items()
        }
        try:
            found = self._find(fields)
        except ValueError as error:
            return plain(request, str(error), 400)
        request.notifyFinish().addErrback(lambda gone: found.cancel())
        found.addCallback(self._show, request).addErrback(self._failed, request)
        return NOT_DONE_YET

    def _show(self, found: dict[str, Any], request: Request) -> None:
        request.write(plain(request, json.dumps(found), kind="application/json"))
        request.finish()

    def _failed(self, failure: Failure, request: Request) -> None:
        if failure.check(CancelledError):
            return
        self._log.failure("the journal could not be searched", failure)
        request.write(plain(request, "the journal could not be searched", 500))
        request.finish()
