"""The accounts find what they are kept for."""

from __future__ import annotations

from tests.faults.accounts import GARBLED, NONE, SUCCESS, Accounts
from tests.faults.counting import sealed


def asked(*replies: str | None) -> tuple[Accounts, str]:
    """Accounts of one value, and these replies to it; ``{}`` in one is the value."""
    accounts = Accounts()
    value = accounts.new_value()
    for reply in replies:
        accounts.answered(value, None if reply is None else reply.format(value))
    return accounts, value


def test_a_success_without_an_actuation_is_lost() -> None:
    accounts, value = asked("{}")
    assert accounts.lost({}) == [value]
    assert accounts.lost({value: 1}) == []


def test_two_actuations_are_doubled() -> None:
    accounts, value = asked("ERROR 201 : outcome unknown")
    assert accounts.doubled({value: 2}) == [value]
    assert accounts.doubled({value: 1}) == []


def test_a_refusal_and_an_actuation_do_not_go_together() -> None:
    for code in ("011", "202", "203", "209", "210"):
        accounts, value = asked(f"ERROR {code} : {{}}")
        assert accounts.begun_all_the_same({value: 1}) == [value]


def test_an_attempt_with_an_open_outcome_excuses_the_refusal_of_the_next() -> None:
    for first in (None, "ERROR 201 : outcome unknown", "ERR"):
        accounts, value = asked(first, "ERROR 011 : never sent")
        assert accounts.begun_all_the_same({value: 1}) == []


def test_the_value_of_another_is_misdelivered() -> None:
    accounts, _ = asked(sealed(77), f"ERROR 201 : {sealed(78)}")
    assert [reply for _, reply in accounts.misdelivered] == [
        sealed(77),
        f"ERROR 201 : {sealed(78)}",
    ]


def test_a_broken_seal_is_garbled_and_nobodys() -> None:
    accounts, _ = asked("77-00000000")
    assert accounts.misdelivered == []
    assert accounts.kinds() == {GARBLED: 1}


def test_each_value_counts_once_by_what_is_known_best() -> None:
    assert asked(None, "ERROR 011 : x", "{}", None)[0].kinds() == {SUCCESS: 1}
    assert asked("ERROR 011 : x", None)[0].kinds() == {NONE: 1}
