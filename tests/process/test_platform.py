"""What differs by system, with the system as an argument."""

from __future__ import annotations

import os
import signal

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.platform import HERE, Platform, ending_signals, home

LINUX, MAC, WINDOWS = Platform("linux"), Platform("darwin"), Platform("win32")


class PlatformTests(SynchronousTestCase):
    def test_where_there_are_unix_sockets_the_halves_meet_on_one(self) -> None:
        for platform in (LINUX, MAC):
            self.assertTrue(platform.has_unix_sockets)
            platform.need_unix_sockets("unix:/run/x")
            listen, processor = platform.link("/tmp/x:y", 1059)
            self.assertEqual(listen, r"unix:/tmp/x\:y/processor.sock")
            self.assertEqual(processor, listen)

    def test_on_windows_they_meet_on_loopback(self) -> None:
        error = self.assertRaises(ValueError, WINDOWS.need_unix_sockets, "unix:/run/x")
        self.assertIn("use tcp: on loopback", str(error))
        self.assertEqual(
            WINDOWS.link("C:/x", 1059), ("tcp:1059:interface=127.0.0.1", "tcp:127.0.0.1:1059")
        )

    def test_modes_background_and_systemd(self) -> None:
        told = [
            (each.has_file_modes, each.goes_to_background, each.has_systemd)
            for each in (LINUX, MAC, WINDOWS)
        ]
        self.assertEqual(told, [(True, True, True), (True, True, False), (False, False, False)])

    def test_signals(self) -> None:
        self.assertEqual(WINDOWS.ending_signals, ("SIGTERM",))
        self.assertEqual(ending_signals(LINUX), [signal.SIGTERM, signal.SIGHUP])

    def test_serial_ports(self) -> None:
        self.assertEqual(
            [each.serial_example for each in (LINUX, MAC, WINDOWS)],
            ["/dev/ttyUSB0", "/dev/tty.usbserial-1410", "COM3"],
        )

    def test_where_a_persons_settings_are(self) -> None:
        self.assertEqual(LINUX.configuration_folder({}, "/home/a"), "/home/a/.config/pychron_comms")
        self.assertEqual(
            LINUX.configuration_folder({"XDG_CONFIG_HOME": "/etc/x"}, "/home/a"),
            "/etc/x/pychron_comms",
        )
        self.assertEqual(
            MAC.configuration_folder({}, "/Users/a"),
            "/Users/a/Library/Application Support/pychron_comms",
        )
        self.assertEqual(
            WINDOWS.configuration_folder({"APPDATA": r"C:\Users\a\AppData"}, r"C:\Users\a"),
            r"C:\Users\a\AppData\pychron_comms",
        )

    def test_this_system(self) -> None:
        self.assertEqual(HERE.is_windows, os.name == "nt")
        self.assertEqual(home(), os.path.expanduser("~"))
