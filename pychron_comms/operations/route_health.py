"""What the server that runs says of its routes, by its page ``/healthz``."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pychron_comms.journal.moments import local
from pychron_comms.operations.findings import BROKEN, GOOD, Finding
from pychron_comms.operations.laboratory import PATIENCE

#: The parts of a process by their names, as ``/healthz`` has them; none where it cannot be asked.
Look = Callable[[str], Mapping[str, Any]]

_ROUTE = "route "


def healthz(page: str) -> Mapping[str, Any]:
    """The parts of the process whose page that is; none where it cannot be asked."""
    try:
        with urllib.request.urlopen(f"{page}healthz", timeout=PATIENCE) as reply:
            text = reply.read()
    except urllib.error.HTTPError as error:
        # 503: a part is not well, and told of all the same.
        with error:
            text = error.read()
    except (OSError, ValueError):
        return {}
    try:
        parts = json.loads(text)
    except ValueError:
        return {}
    return parts if isinstance(parts, dict) else {}


def route_findings(page: str, look: Look) -> Iterator[Finding]:
    """How each route does; nothing where the server has no page, or does not answer there."""
    parts = look(page) if page else {}
    routes = {part[len(_ROUTE) :]: parts[part] for part in parts if part.startswith(_ROUTE)}
    for name, told in routes.items():
        since = local(told["since"])
        # One that is alone has none beside it that would be other.
        subject = f"route of {name if len(routes) > 1 else 'all types'}"
        if told["ok"]:
            yield Finding(subject, GOOD, f"well since {since}")
        else:
            yield Finding(subject, BROKEN, f"{told['reason']}, since {since}")
