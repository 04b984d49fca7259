"""VISA names stand for links; what no link reaches is said."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.endpoints import parsed_address
from pychron_comms.instruments.visa import link_of


class VisaTests(SynchronousTestCase):
    def test_what_they_stand_for(self) -> None:
        for name, link in (
            ("TCPIP0::10.0.0.12::5025::SOCKET", "tcp://10.0.0.12:5025"),
            ("tcpip::becker.lab::5025::socket", "tcp://becker.lab:5025"),
            ("ASRL/dev/ttyUSB0::INSTR", "serial:///dev/ttyUSB0"),
            ("ASRL/dev/ttyUSB0::INSTR?baud=19200", "serial:///dev/ttyUSB0?baud=19200"),
            ("ASRL1::INSTR", "serial:///dev/ttyS0"),
            ("ASRLCOM4::INSTR", "serial:///COM4"),
            ("serial:///dev/ttyUSB0", "serial:///dev/ttyUSB0"),
        ):
            with self.subTest(name):
                self.assertEqual(link_of(name, windows=False), link)
        self.assertEqual(link_of("ASRL4::INSTR", windows=True), "serial:///COM4")

    def test_what_no_link_reaches(self) -> None:
        for name, why in (
            ("GPIB0::12::INSTR", "GPIB-to-LAN"),
            ("TCPIP0::10.0.0.12::INSTR", "VXI-11"),
            ("TCPIP0::10.0.0.12::hislip0::INSTR", "HiSLIP"),
            ("USB0::0x0957::0x2007::MY49::INSTR", "USBTMC"),
            ("PXI0::3::INSTR", "TCPIP::HOST::PORT::SOCKET"),
        ):
            with self.subTest(name), self.assertRaisesRegex(ValueError, why):
                link_of(name, windows=False)

    def test_they_are_links(self) -> None:
        address = parsed_address("TCPIP0::10.0.0.12::5025::SOCKET")
        self.assertEqual((address.scheme, address.host, address.port), ("tcp", "10.0.0.12", 5025))
        options = parsed_address("ASRLCOM4::INSTR?baud=19200")
        self.assertEqual((options.path, options.options), ("COM4", {"baud": "19200"}))
