"""The strings that lead by way of a broker."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport import broker_strings
from pychron_comms.transport.addresses import check_client, listener_address
from pychron_comms.transport.broker_strings import is_broker, need_pika, parse_broker


class BrokerStringTests(SynchronousTestCase):
    def test_what_is_not_said_has_a_default(self) -> None:
        address = parse_broker("amqp:broker.lab:set=line")
        self.assertEqual(
            (address.host, address.port, address.hardware, address.vhost, address.user),
            ("broker.lab", 5672, "line", "/", "guest"),
        )
        self.assertFalse(address.is_tls)

    def test_all_can_be_said(self) -> None:
        address = parse_broker(
            r"amqps:host=b:port=1:set=co2:vhost=lab:user=server:password=/etc/x\:y"
            ":trustRoots=ca.pem:certificate=c.pem:privateKey=k.pem"
        )
        self.assertEqual((address.port, address.user, address.vhost), (1, "server", "lab"))
        self.assertEqual(address.password, Path("/etc/x:y"))
        self.assertEqual(address.files.roots, Path("ca.pem"))
        self.assertTrue(address.is_tls)

    def test_the_nodes_of_a_cluster_have_commas_between(self) -> None:
        address = parse_broker("amqp:one.lab,two.lab:5673:set=line")
        self.assertEqual((address.hosts, address.port), (("one.lab", "two.lab"), 5673))
        self.assertEqual(address.name, "broker at one.lab,two.lab:5673")

    def test_what_is_none_is_refused_with_the_reason(self) -> None:
        for text, why in {
            "amqp:broker.lab": "set=NAME",
            "amqp:one.lab,:set=a": "expected amqp:HOST",
            "amqp:broker.lab:set=a.b": "set=NAME",
            "amqp:broker.lab:0:set=a": "port",
            "amqp:broker.lab:65536:set=a": "port",
            "amqp:broker.lab:x:set=a": "'amqp:broker.lab:x:set=a': a port is a number from 1 to",
            "amqp:broker.lab:\u0661:set=a": "to 65535, not \u0661",
            "amqp:set=a": "expected amqp:HOST",
            "amqp:broker.lab:set=a:user=x": "go together",
            "amqp:b:sett=a": "'amqp:b:sett=a': there is no option 'sett' of amqp:; did you mean",
            "amqp:broker.lab:set=a:trustRoots=x": "no option 'trustRoots'",
            "amqp:broker.lab:5672:set=a:more": "expected amqp:HOST:PORT:set=NAME",
            "amqp:broker.lab:5672:more:set=a": "expected amqp:HOST:PORT:set=NAME",
            "amqp::set=a": "expected",
        }.items():
            for refuse in (parse_broker, check_client, listener_address):
                with self.assertRaises(ValueError, msg=text) as caught:
                    refuse(text)
                self.assertIn(why, str(caught.exception))

    def test_a_port_may_be_the_last_or_the_first(self) -> None:
        for port in (1, 65535):
            self.assertEqual(parse_broker(f"amqp:broker.lab:{port}:set=a").port, port)

    def test_a_value_may_have_an_equals_sign(self) -> None:
        address = parse_broker(r"amqp:broker.lab:set=a:vhost=b=c\:d")
        self.assertEqual(address.vhost, "b=c:d")

    def test_it_is_known_by_how_it_begins(self) -> None:
        self.assertTrue(is_broker("amqps:b:set=a"))
        self.assertFalse(is_broker("tcp:b:5672"))

    def test_without_pika_it_says_how_to_install_it(self) -> None:
        self.patch(broker_strings, "find_spec", lambda name: None)
        with self.assertRaises(ValueError) as caught:
            need_pika("amqp:b:set=a")
        self.assertIn("pip install", str(caught.exception))
