"""Which brokers are refused, and with what words."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.version import check_product


class VersionTests(SynchronousTestCase):
    def test_debians_is_good_enough_and_newer_ones_are(self) -> None:
        for version in ("3.10.8", "3.13.0", "4.1.0-rc.1"):
            check_product({"product": "RabbitMQ", "version": version})

    def test_an_older_one_is_refused_by_its_version(self) -> None:
        for version in ("3.9.29", "2.8"):
            with self.assertRaises(ValueError) as caught:
                check_product({"product": "RabbitMQ", "version": version})
            text = f"it is RabbitMQ {version}, and 3.10 or newer is wanted"
            self.assertEqual(str(caught.exception), text)

    def test_what_is_no_rabbitmq_is_refused(self) -> None:
        for properties in ({}, {"product": "qpid", "version": "9.0"}, {"product": "RabbitMQ"}):
            self.assertRaises(ValueError, check_product, properties)
