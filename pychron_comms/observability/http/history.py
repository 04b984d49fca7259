"""``GET /history?path=device/gc/IG``: the last hour of one number."""

from __future__ import annotations

import json

from twisted.web.resource import Resource

from pychron_comms.observability.http.requests import Request, plain
from pychron_comms.observability.state.recent import Recent


class History(Resource):
    """JSON: pairs of Unix time in seconds and the value, null where it could not be told."""

    isLeaf = True

    def __init__(self, recent: Recent) -> None:
        super().__init__()
        self._recent = recent

    def render_GET(self, request: Request) -> bytes:
        path = request.args.get(b"path", [b""])[0].decode(errors="replace")
        return plain(request, json.dumps(self._recent.points(path)), kind="application/json")
