"""The site as a service: what happens where its port is taken."""

from __future__ import annotations

from twisted.application.service import IService, Service
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.http.service import HttpService
from pychron_comms.observability.http.settings import HttpSettings


class Taken(Service):
    """Listens as Twisted's do: in the privileged start, or in the start where that was left out."""

    def privilegedStartService(self) -> None:
        raise CannotListenError("127.0.0.1", 1070, OSError("taken"))

    def startService(self) -> None:
        self.privilegedStartService()


def listen(endpoint: str, factory: IProtocolFactory) -> IService:
    return Taken()


def service(*, chosen: bool) -> HttpService:
    settings = HttpSettings(listen="tcp:1070", chosen=chosen)
    return HttpService(settings, {}, lambda address: None, listen, Clock())


class PortTakenTests(SynchronousTestCase):
    def test_the_rest_goes_on_where_nobody_has_chosen_the_port(self) -> None:
        page = service(chosen=False)
        page.privilegedStartService()
        page.startService()
        self.successResultOf(page.stopService())

    def test_so_under_twist_which_has_no_privileged_start(self) -> None:
        page = service(chosen=False)
        page.startService()
        self.successResultOf(page.stopService())

    def test_a_port_that_somebody_chose_ends_the_start(self) -> None:
        with self.assertRaises(CannotListenError):
            service(chosen=True).privilegedStartService()
        with self.assertRaises(CannotListenError):
            service(chosen=True).startService()
