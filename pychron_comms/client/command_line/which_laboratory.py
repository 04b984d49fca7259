"""Whether a server is that of the laboratory that is meant; for what cannot say so itself."""

from __future__ import annotations

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.link.dialect import PROBE, PROBE_TIME
from pychron_comms.errors import AnotherLaboratoryError, CommandError


def another_laboratory(
    server: str, laboratory: str, timeout: float = PROBE_TIME
) -> AnotherLaboratoryError | None:
    """What the server of another laboratory says; None of any other server, or of none.

    For the plain form, for events and for Qtegra's words, which have no tag that names it.
    """
    seconds = min(timeout, PROBE_TIME)
    try:
        with Communicator(
            server, timeout=seconds, form="tagged", laboratory=laboratory
        ) as communicator:
            communicator.ask(PROBE)
    except AnotherLaboratoryError as error:
        return error
    except (CommandError, OSError):
        pass
    return None


def for_another(server: str, program: str = "pychron-ask") -> str:
    """What to do where this server is not that of the laboratory in this folder."""
    return (
        "the laboratory of this folder does not run there (pychron-lab run starts it); to ask the "
        f"one that does, name its server: {program} -s {server} ..."
    )
