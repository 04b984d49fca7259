"""What is asked by coil and register, and what the answers mean."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.description import AnyExchange
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.modbus.exchange import ModbusRead, ModbusWrite
from pychron_comms.instruments.modbus.places import Place
from pychron_comms.instruments.modbus.registers import ORDERS, TYPES, RegisterType
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import (
    NoAnswerError,
    RefusedError,
    Told,
    carried_out,
    interpreted,
    talk,
)
from tests.instruments.modbus.case import UNIT, described


class PlaceTests(SynchronousTestCase):
    def test_addresses(self) -> None:
        for text, address in (
            ("360", 360),
            ("{n}", 5),
            ("{n-1}", 4),
            ("{n*2-2}", 8),
            ("{n * 2}", 10),
        ):
            with self.subTest(text):
                self.assertEqual(Place(text).of({"n": 5}), address)

    def test_the_way_back(self) -> None:
        self.assertEqual(Place("{n*2-2}").found(8), {"n": 5})
        self.assertIsNone(Place("{n*2-2}").found(9))
        self.assertEqual(Place("360").found(360), {})
        self.assertIsNone(Place("360").found(361))

    def test_what_is_none(self) -> None:
        for text in ("", "-1", "{}", "{n*0}", "{n/2}", "n", "1.5", "400001"):
            with self.subTest(text), self.assertRaises(ValueError):
                Place(text)
        values: tuple[Mapping[str, Value], ...] = ({}, {"n": 0.5}, {"n": 0}, {"n": 65538})
        for value in values:
            with self.subTest(value), self.assertRaises(ValueError):
                Place("{n-1}").of(value)


class RegisterTests(SynchronousTestCase):
    def test_the_orders_of_a_float(self) -> None:
        """123.456 is 42F6E979."""
        for order, data in zip(
            ORDERS, ("42F6E979", "E97942F6", "F64279E9", "79E9F642"), strict=True
        ):
            with self.subTest(order):
                kind = RegisterType("f32", order)
                self.assertEqual(kind.write(123.456), bytes.fromhex(data))
                self.assertEqual(kind.raw(bytes.fromhex(data)), 123.456)

    def test_scale_and_offset(self) -> None:
        kind = RegisterType("i16", scale=0.1, offset=-40)
        self.assertEqual(kind.write(23.4), (634).to_bytes(2, "big"))
        self.assertEqual(kind.scaled(kind.raw((634).to_bytes(2, "big"))), 23.4)

    def test_what_does_not_fit(self) -> None:
        for name, value in (("u16", -1), ("u16", 65536), ("i16", 40000), ("f32", 1e39)):
            with self.subTest(name, value=value), self.assertRaises(ValueError):
                RegisterType(name).write(value)
        with self.assertRaises(ValueError):
            RegisterType("f32").raw(bytes.fromhex("7FC00000"))

    @given(st.sampled_from(TYPES), st.sampled_from(ORDERS), st.integers(0, 30000))
    def test_what_is_written_comes_back(self, name: str, order: str, value: int) -> None:
        kind = RegisterType(name, order)
        self.assertEqual(kind.raw(kind.write(value)), value)


class ExchangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.description = described()
        self.valve = self.description.items["valve"]
        self.loop = self.description.items["loop"]

    def asked(self, exchange: AnyExchange, **values: Value) -> str:
        assert isinstance(exchange, ModbusRead | ModbusWrite)
        return exchange.asked(values).hex().upper()

    def told(self, item: str, reading: str, answer: str, **values: Value) -> Told:
        of = self.description.items[item].readings[reading]
        dialogue = talk(self.description.wire, of.exchange, {"unit": 1, **values})
        fields = carried_out(dialogue, lambda message: bytes.fromhex(answer))
        return interpreted(of, fields)

    def test_questions(self) -> None:
        self.assertEqual(self.asked(self.valve.verbs["open"].exchange, valve=3), "050002FF00")
        self.assertEqual(self.asked(self.valve.verbs["close"].exchange, valve=3), "0500020000")
        self.assertEqual(self.asked(self.valve.readings["state"].exchange, valve=3), "0200000010")
        self.assertEqual(self.asked(self.loop.readings["setpoint"].exchange), "0300640002")
        self.assertEqual(self.asked(self.loop.readings["value"].exchange), "0400070001")
        self.assertEqual(
            self.asked(self.loop.verbs["set"].exchange, value=123.456), "100064000204E97942F6"
        )

    def test_answers(self) -> None:
        self.assertEqual(self.told("valve", "state", "02021000", valve=3), Told("open"))
        self.assertEqual(self.told("valve", "state", "02022000", valve=3), Told("closed"))
        self.assertEqual(self.told("valve", "state", "02020080", valve=8), Told("closed"))
        self.assertEqual(self.told("loop", "setpoint", "0304E97942F6"), Told(123.456))
        self.assertEqual(self.told("loop", "value", "0402FF9C"), Told(-10))
        self.assertEqual(self.told("loop", "value", "04028000"), Told(None, "open sensor"))

    def test_what_is_no_answer(self) -> None:
        for answer in ("", "02", "0201FF", "0202FF", "0202FFFFFF", "0302FFFF", "050002FF00"):
            with self.subTest(answer), self.assertRaises(GarbledError):
                self.told("valve", "state", answer, valve=3)

    def test_a_write_is_repeated_to_the_letter(self) -> None:
        exchange = self.valve.verbs["open"].exchange
        for answer in ("050002FF00", "0500020000", "050003FF00", "0602FF00", ""):
            dialogue = talk(self.description.wire, exchange, {"unit": 1, "valve": 3})
            reply = bytes.fromhex(answer)
            if answer == "050002FF00":
                self.assertEqual(carried_out(dialogue, lambda message, reply=reply: reply), {})
                continue
            with self.subTest(answer), self.assertRaises(GarbledError):
                carried_out(dialogue, lambda message, reply=reply: reply)

    def test_a_refusal_is_sure_only_where_nothing_can_have_been_done(self) -> None:
        exchange = self.valve.verbs["open"].exchange
        for code, error in (
            (2, RefusedError),
            (6, RefusedError),
            (4, NoAnswerError),
            (11, NoAnswerError),
        ):
            with self.subTest(code), self.assertRaises(error):
                carried_out(
                    talk(self.description.wire, exchange, {"unit": 1, "valve": 3}),
                    lambda message, code=code: bytes([0x85, code]),
                )

    @given(st.binary(max_size=24))
    def test_bytes_that_mean_nothing_are_no_value(self, answer: bytes) -> None:
        """What is taken for an answer has its shape."""
        try:
            self.told("valve", "state", answer.hex(), valve=3)
        except (GarbledError, RefusedError, NoAnswerError):
            return
        self.assertEqual((answer[:2], len(answer)), (b"\x02\x02", 4))


class IdentityTests(SynchronousTestCase):
    """What a unit says of itself, by function 43, 14."""

    def setUp(self) -> None:
        text = (
            UNIT + '\n[identify]\ndevice = "product"\nmatch = "^BMX P34"\nanswer = "BMX P34 20"\n'
        )
        identify = described(text).identify
        assert identify is not None
        self.identify = identify

    def said(self, answer: str) -> dict[str, Value]:
        wire = described().wire
        dialogue = talk(wire, self.identify.exchange, {"unit": 1})
        return carried_out(dialogue, lambda message: bytes.fromhex(answer))

    def test_an_answer(self) -> None:
        """As the specification shows it: three objects, one behind the other."""
        head, product = "2B0E01010000", "0107" + b"BMX P34".hex()
        self.identify.check(self.said(f"{head}03" + "0003414243" + product + "020456312E30"))
        with self.assertRaisesRegex(GarbledError, "it says that it is 'OVEN'"):
            self.identify.check(self.said(f"{head}01" + "0104" + b"OVEN".hex()))

    def test_what_is_no_answer(self) -> None:
        whole = "2B0E0101000001" + "0107" + b"BMX P34".hex()
        for answer in (whole[:-2], whole + "00", whole[:14], "2B0D" + whole[4:], "", "2B0E01"):
            with self.subTest(answer), self.assertRaises(GarbledError):
                self.said(answer)
        another = "2B0E0101000001" + "0007" + b"BMX P34".hex()
        with self.assertRaisesRegex(GarbledError, "what its product is"):
            self.said(another)
        with self.assertRaises(RefusedError):
            self.said("AB01")

    @given(st.binary(max_size=40))
    def test_no_other_error_comes_of_any_bytes(self, rest: bytes) -> None:
        with contextlib.suppress(GarbledError):
            self.said("2B0E01" + rest.hex())
