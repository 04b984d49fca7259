"""Endpoint strings as a client reads them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.endpoint import Address, parse_address


class ParseTests(SynchronousTestCase):
    def test_names_host_and_port(self) -> None:
        for kind in ("tcp", "udp", "tls"):
            text = f"{kind}:lab-pc:1067"
            self.assertEqual(parse_address(text), Address(text, kind, "lab-pc", 1067))

    def test_the_first_and_the_last_port(self) -> None:
        for port in (1, 65535):
            self.assertEqual(parse_address(f"tcp:lab:{port}").port, port)

    def test_names_may_stand_before_values(self) -> None:
        text = "tcp:port=1067:host=lab-pc"
        self.assertEqual(parse_address(text), Address(text, "tcp", "lab-pc", 1067))

    def test_a_backslash_escapes(self) -> None:
        self.assertEqual(parse_address(r"tcp:\:\:1:1067").host, "::1")
        self.assertEqual(parse_address(r"unix:/run/a\:b\=c").path, "/run/a:b=c")

    def test_a_unix_socket_has_a_path(self) -> None:
        self.assertEqual(
            parse_address("unix:/run/lab.sock"),
            Address("unix:/run/lab.sock", "unix", path="/run/lab.sock"),
        )

    def test_tls_has_options(self) -> None:
        address = parse_address("tls:lab:1067:trustRoots=/roots:certificate=/me.pem")
        self.assertEqual(address.options, {"trustRoots": "/roots", "certificate": "/me.pem"})

    def test_refuses_what_no_client_connects_to(self) -> None:
        for text in (
            "",
            "lab-pc:1067",
            "serial:/dev/ttyS0",
            "tcp:lab-pc",
            "tcp::1067",
            "tcp:lab-pc:1067:more",
            "tcp:lab-pc:1067:trustRoots=/roots",
            "unix:",
            "tcp:lab-pc:0",
            "tcp:lab-pc:65537",
            "tcp:lab-pc:65536",
            "tcp:lab-pc:http",
            "tcp:lab-pc:-1",
            "tcp:lab-pc:\u00b2",
        ):
            with self.assertRaises(ValueError, msg=text) as caught:
                parse_address(text)
            self.assertIn(repr(text), str(caught.exception))
