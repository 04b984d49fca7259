"""Host lists and the system lock."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import InvalidIPAddressError, SecurityError, SystemLockError
from pychron_comms.interfaces import IAccessRule, IAdmissionRule, ISystemLock
from pychron_comms.safeguards.hosts import EVERYBODY, HostRule, read_hosts
from pychron_comms.safeguards.system_lock import Holder, SystemLock
from tests.doubles import ScriptedCall


class HostRuleTests(SynchronousTestCase):
    def assert_refused(self, rule: HostRule, sender: str) -> None:
        error = self.assertRaises(SecurityError, rule.admit, sender)
        self.assertEqual(str(error), f"Not an approved ip address {sender}")

    def test_provides_its_interface(self) -> None:
        verifyObject(IAdmissionRule, HostRule([]))

    def test_an_empty_list_admits_everybody(self) -> None:
        HostRule([]).admit("203.0.113.9")

    def test_an_address_admits_itself_alone(self) -> None:
        rule = HostRule(["192.168.1.10"])
        rule.admit("192.168.1.10")
        self.assert_refused(rule, "192.168.1.11")

    def test_pychrons_star_admits_a_last_octet(self) -> None:
        rule = HostRule(["192.168.1.*"])
        rule.admit("192.168.1.250")
        self.assert_refused(rule, "192.168.2.1")

    def test_a_network_admits_its_hosts(self) -> None:
        rule = HostRule(["10.0.0.0/8", "fe80::/10"])
        rule.admit("10.1.2.3")
        rule.admit("fe80::1%eth0")
        self.assert_refused(rule, "11.0.0.1")

    def test_also_where_it_is_named_by_one_of_them(self) -> None:
        rule = HostRule(["10.0.0.7/24"])
        rule.admit("10.0.0.1")
        self.assert_refused(rule, "10.0.1.7")

    def test_this_computers_sockets_are_admitted(self) -> None:
        rule = HostRule(["10.0.0.1"])
        rule.admit("local")
        rule.admit("")

    def test_a_sender_with_a_name_is_told_by_its_host(self) -> None:
        rule = HostRule(["10.0.0.1", "fe80::/10"])
        rule.admit("alice@10.0.0.1")
        rule.admit("alice@fe80::1%eth0")
        self.assert_refused(rule, "alice@10.0.0.2")
        for sender in ("10.0.0.1@10.0.0.2", "alice@", "alice@local", "@"):
            self.assert_refused(rule, sender)

    def test_a_sender_that_is_no_address_is_refused(self) -> None:
        self.assert_refused(HostRule(["10.0.0.1"]), "somebody")

    def test_a_pattern_that_is_none_is_a_mistake(self) -> None:
        for pattern in ("192.168.*", "everybody", "1.2.3.4.*"):
            self.assertRaises(ValueError, HostRule, [pattern])


class HostSettingsTests(SynchronousTestCase):
    def read(self, text: str) -> HostRule:
        table = Table.parse(text, "lab.toml")
        hosts = read_hosts(table)
        table.finish()
        return hosts

    def test_without_a_list_everybody_is_admitted(self) -> None:
        for rule in (EVERYBODY, self.read(""), self.read("[access]\nhosts = []")):
            self.assertTrue(rule.admits_everybody)
            rule.admit("203.0.113.9")

    def test_the_list_is_read(self) -> None:
        rule = self.read('[access]\nhosts = ["10.0.0.1", "192.168.1.*"]')
        self.assertFalse(rule.admits_everybody)
        rule.admit("10.0.0.1")
        rule.admit("192.168.1.7")
        self.assertRaises(SecurityError, rule.admit, "10.0.0.2")

    def test_what_is_no_address_is_told_with_its_place(self) -> None:
        text = '[access]\nhosts = ["10.0.0.1", "everybody"]'
        error = str(self.assertRaises(ConfigError, self.read, text))
        self.assertIn("access.hosts: expected addresses, networks or 192.168.1.* (", error)
        self.assertIn("'everybody' does not appear to be an IPv4 or IPv6 network", error)


class SystemLockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.lock = SystemLock({"mass spec": "10.0.0.1", "pychron": "10.0.0.2"}, lambda: self.now)

    def check(self, sender: str, manager: object = "valves") -> None:
        self.lock.check(ScriptedCall("Open", manager=manager, sender=sender))

    def test_provides_its_interfaces(self) -> None:
        verifyObject(ISystemLock, self.lock)
        verifyObject(IAccessRule, self.lock)

    def test_an_open_lock_keeps_nobody_out(self) -> None:
        self.check("10.0.0.2")

    def test_a_held_lock_keeps_others_from_the_hardware(self) -> None:
        self.lock.lock("10.0.0.1")
        self.check("10.0.0.1")
        error = self.assertRaises(SystemLockError, self.check, "10.0.0.2")
        self.assertEqual(str(error), "Access restricted to mass spec (10.0.0.1). You are 10.0.0.2")

    def test_commands_without_hardware_stay_open(self) -> None:
        self.lock.lock("10.0.0.1")
        self.check("10.0.0.2", manager=None)

    def test_what_makes_safe_passes(self) -> None:
        self.lock.lock("10.0.0.1")
        self.lock.check(ScriptedCall("Disable", safe=True, sender="10.0.0.2"))

    def test_another_system_can_neither_take_nor_free_a_held_lock(self) -> None:
        self.lock.lock("10.0.0.1")
        self.assertRaises(SystemLockError, self.lock.lock, "10.0.0.2")
        self.assertRaises(SystemLockError, self.lock.unlock, "10.0.0.2")
        self.lock.lock("10.0.0.1")

    def test_the_holder_frees_it(self) -> None:
        self.lock.lock("10.0.0.1")
        self.lock.unlock("10.0.0.1")
        self.check("10.0.0.2")
        self.lock.unlock("10.0.0.2")

    def test_who_has_it_and_since_when(self) -> None:
        self.assertIsNone(self.lock.holder)
        self.lock.lock("10.0.0.1")
        self.now = 200.0
        self.lock.lock("10.0.0.1")
        self.assertEqual(self.lock.holder, Holder("mass spec", "10.0.0.1", 100.0))
        self.lock.unlock("10.0.0.1")
        self.assertIsNone(self.lock.holder)

    def test_an_address_that_is_no_system_gets_009(self) -> None:
        for use in (self.lock.lock, self.lock.unlock):
            error = self.assertRaises(InvalidIPAddressError, use, "bob@10.0.0.3")
            self.assertEqual((error.code, error.details), (9, ("10.0.0.3",)))
