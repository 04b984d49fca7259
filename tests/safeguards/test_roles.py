"""Who may only look, who may command, and who may overrule."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import NotPermittedError, SecurityError
from pychron_comms.interfaces import Effect, IAccessRule, IAdmissionRule
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles, read_roles
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedCall

NAMES = {"viewer": "observe", "runner": "operate", "chief": "admin"}


class RolesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.roles = Roles(NAMES)

    def refused(self, roles: Roles, sender: str, role: str = "", **options: Effect) -> bool:
        call = ScriptedCall("Open", sender=sender, **options)  # type: ignore[arg-type]
        call.context = RequestContext(role=role)
        try:
            roles.check(call)
        except NotPermittedError:
            return True
        return False

    def test_provides_a_rule(self) -> None:
        verifyObject(IAccessRule, self.roles)
        verifyObject(IAdmissionRule, self.roles)

    def test_who_only_looks_may_read_and_nothing_else(self) -> None:
        self.assertTrue(self.refused(self.roles, "viewer@10.0.0.1"))
        self.assertTrue(self.refused(self.roles, "viewer@10.0.0.1", effect=Effect.IDEMPOTENT))
        self.assertFalse(self.refused(self.roles, "viewer@10.0.0.1", effect=Effect.READ))

    def test_the_reason_names_command_and_asker(self) -> None:
        call = ScriptedCall("Open", sender="viewer@10.0.0.1")
        error = self.assertRaises(NotPermittedError, self.roles.check, call)
        self.assertEqual(str(error), "not permitted: Open; viewer@10.0.0.1 may only look")

    def test_the_others_may_command(self) -> None:
        for sender in ("runner@10.0.0.1", "chief@10.0.0.1", "10.0.0.1", "local"):
            self.assertFalse(self.refused(self.roles, sender), msg=sender)

    def test_those_without_a_certificate_may_do_what_is_said_of_them(self) -> None:
        roles = Roles(NAMES, "observe")
        self.assertTrue(self.refused(roles, "10.0.0.1"))
        self.assertFalse(self.refused(roles, "runner@10.0.0.1"))

    def test_where_it_came_in_can_only_lower_the_role(self) -> None:
        self.assertTrue(self.refused(self.roles, "chief@10.0.0.1", "observe"))
        self.assertTrue(self.refused(self.roles, "viewer@10.0.0.1", "admin"))
        self.assertFalse(self.refused(self.roles, "runner@10.0.0.1", "operate"))

    def test_only_a_chief_is_an_admin(self) -> None:
        self.assertTrue(self.roles.is_admin("chief@10.0.0.1"))
        for sender in ("runner@10.0.0.1", "chief", "10.0.0.1", "local"):
            self.assertFalse(self.roles.is_admin(sender), msg=sender)

    def test_a_certificate_that_is_not_listed_is_refused_as_a_stranger(self) -> None:
        self.roles.admit("runner@10.0.0.1")
        self.roles.admit("10.0.0.1")
        error = self.assertRaises(SecurityError, self.roles.admit, "mallory@10.0.0.1")
        self.assertEqual(error.code, 13)
        self.assertEqual(str(error), "Not an approved ip address mallory@10.0.0.1")

    def test_a_star_stands_for_every_other_certificate(self) -> None:
        roles = Roles({**NAMES, "*": "observe"})
        roles.admit("mallory@10.0.0.1")
        self.assertTrue(self.refused(roles, "mallory@10.0.0.1"))
        self.assertFalse(self.refused(roles, "runner@10.0.0.1"))

    def test_where_none_is_listed_every_certificate_operates(self) -> None:
        EVERYONE_OPERATES.admit("anybody@10.0.0.1")
        self.assertFalse(self.refused(EVERYONE_OPERATES, "anybody@10.0.0.1"))
        self.assertFalse(EVERYONE_OPERATES.is_admin("anybody@10.0.0.1"))


class SettingsTests(SynchronousTestCase):
    def read(self, text: str) -> Roles:
        table = Table.parse(text, "lab.toml")
        roles = read_roles(table)
        table.finish()
        return roles

    def test_names_and_those_without_one_are_read(self) -> None:
        roles = self.read(
            '[access]\nwithout_certificate = "observe"\n[access.roles]\nchief = "admin"\n'
        )
        self.assertEqual(roles.role_of("chief@10.0.0.1"), "admin")
        self.assertEqual(roles.role_of("10.0.0.1"), "observe")

    def test_without_a_word_everybody_operates(self) -> None:
        self.assertEqual(self.read("").role_of("10.0.0.1"), "operate")

    def test_a_role_that_is_none_is_a_mistake(self) -> None:
        for text in ('[access.roles]\nbob = "king"', '[access]\nwithout_certificate = "none"'):
            error = self.assertRaises(ConfigError, self.read, text)
            self.assertIn("one of observe, operate, admin", str(error))
