"""All rules of the gate: each asked only where it has something to say."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.errors import NotPermittedError, SecurityError
from pychron_comms.interfaces import Effect, IAccessRule, IActingRule, IAdmissionRule, ICall
from pychron_comms.safeguards.access import AccessRules
from tests.doubles import ScriptedCall


@implementer(IAdmissionRule)
class Door:
    def __init__(self, stranger: str) -> None:
        self.stranger = stranger

    def admit(self, sender: str) -> None:
        if sender == self.stranger:
            raise SecurityError(sender)


@implementer(IAccessRule)
class Forbidden:
    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, call: ICall) -> None:
        if call.name == self.name:
            raise NotPermittedError(call.name)


@implementer(IActingRule)
class ActsForbidden(Forbidden):
    pass


class AccessRulesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.access = AccessRules(
            [Door("10.0.0.8"), Door("10.0.0.9")], [Forbidden("Enable"), Forbidden("Open")]
        )

    def test_every_admission_is_asked_who_it_is(self) -> None:
        self.access.admit("10.0.0.1")
        for stranger in ("10.0.0.8", "10.0.0.9"):
            self.assertRaises(SecurityError, self.access.admit, stranger)

    def test_every_permission_is_asked_what_it_is(self) -> None:
        self.access.check(ScriptedCall("Close"))
        for name in ("Enable", "Open"):
            self.assertRaises(NotPermittedError, self.access.check, ScriptedCall(name))

    def test_of_a_read_only_those_are_asked_that_may_forbid_one(self) -> None:
        read = ScriptedCall("Get", effect=Effect.READ)
        AccessRules((), [ActsForbidden("Get")]).check(read)
        forbidding = AccessRules((), [ActsForbidden("Get"), Forbidden("Get")])
        self.assertRaises(NotPermittedError, forbidding.check, read)
        acting = AccessRules((), [ActsForbidden("Open")])
        self.assertRaises(NotPermittedError, acting.check, ScriptedCall("Open"))
