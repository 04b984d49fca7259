"""The page's own JavaScript in a real Chromium, in a time that goes on when the test says so.

What stands here is exact: nothing waits for a machine. The page with a laboratory behind it is in
test_page.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.pages import chromium, page_alone, with_browser

pytestmark = with_browser

#: Seconds between two beats of a server, and how long after its last word all is grey.
BEAT, GREY = 2.0, 5.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    with page_alone(browser, viewport={"width": 1200, "height": 900}) as page:
        yield page


def shape(name: str, kind: str, x: float, y: float, *size: float, label: str = "") -> Any:
    width, height = size or ((2, 2) if "valve" in kind else (5, 3))
    place = {"x": x, "y": y, "width": width, "height": height}
    return {"name": name, "kind": kind, "label": label, **place}


def pipe(start: str, end: str, *points: tuple[float, float]) -> Any:
    return {"start": start, "end": end, "points": points}


#: A line as people draw them: narrow places, corners, valves on pipes of both directions.
DRAWN = {
    "shapes": [
        shape("laser", "laser", -26, 8, 7, 4, label="CO2 chamber"),
        shape("furnace", "stage", -26, -2, 7, 4, label="Furnace"),
        shape("prep", "stage", -13, 3, 4, 16, label="Prep"),
        shape("bone", "stage", 1, 8, 16, 4, label="Bone"),
        shape("microbone", "stage", 1, -6, 16, 3, label="Microbone"),
        shape("spectrometer", "spectrometer", 26, -6, 10, 8, label="Argus VI"),
        shape("hot", "getter", -4, 16, 5, 3, label="GP50 450 C"),
        shape("cold", "getter", 15, 1.5, 5, 3, label="GP50"),
        shape("finger", "coldfinger", 6, 16, 4, 4, label="Charcoal"),
        shape("ion", "ionpump", 16, 15, 6, 4, label="VacIon"),
        shape("ion 2", "ionpump", 26, -18, 7, 4, label="Ion pump"),
        shape("turbo 1", "turbo", -13, -13, 6, 4, label="Turbo 1"),
        shape("turbo 2", "turbo", 12, -16, 6, 4, label="Turbo 2"),
        shape("rough", "stage", -26, -13, 6, 3, label="Scroll pump"),
        shape("vent", "stage", -26, -17.8, 5, 2, label="Vent"),
        shape("air", "tank", -9, -25, 5, 4, label="Air"),
        shape("air pipette", "pipette", -5, -16, 4, 2.5, label="0.1 cc"),
        shape("cocktail", "tank", 3, -25, 6, 4, label="Cocktail"),
        shape("cocktail pipette", "pipette", 3, -16, 4, 2.5, label="0.2 cc"),
        shape("gauge", "gauge", 21, 8, 3.5, 2, label="IG"),
        *(shape("A", "valve", -19, 8), shape("B", "valve", -19, -2), shape("C", "valve", -9, 8)),
        *(shape("D", "valve", 1, 1), shape("E", "valve", 15, -6), shape("F", "valve", -13, -8.5)),
        *(shape("G", "valve", 11, 13), shape("H", "valve", 6, 12.2), shape("I", "valve", -4, 12.2)),
        *(shape("J", "valve", 9, -1.5), shape("K", "valve", -5, -11), shape("L", "valve", -9, -20)),
        *(shape("M", "valve", 3, -11), shape("N", "valve", 3, -20.5), shape("O", "valve", 26, -13)),
        shape("P", "valve", 12, -11),
        shape("R", "rough_valve", -19.5, -13, 3, 2),
        shape("Q", "manual_valve", -26, -7.5),
    ],
    "connections": [
        *(pipe("laser", "A"), pipe("A", "prep", (-13, 8)), pipe("furnace", "B")),
        *(pipe("B", "prep", (-13, -2)), pipe("furnace", "Q"), pipe("prep", "C", (-13, 8))),
        *(pipe("C", "bone"), pipe("bone", "D"), pipe("D", "microbone"), pipe("microbone", "E")),
        *(pipe("E", "spectrometer"), pipe("prep", "F"), pipe("F", "turbo 1")),
        *(pipe("turbo 1", "R"), pipe("R", "rough"), pipe("rough", "vent")),
        *(pipe("bone", "G", (11, 8)), pipe("G", "ion", (11, 15)), pipe("bone", "H", (6, 8))),
        *(pipe("H", "finger"), pipe("bone", "I", (-4, 8)), pipe("I", "hot")),
        *(pipe("microbone", "J", (9, -6)), pipe("J", "cold", (9, 1.5))),
        *(pipe("microbone", "K", (-5, -6)), pipe("K", "air pipette")),
        *(pipe("air pipette", "L", (-9, -16)), pipe("L", "air"), pipe("microbone", "M", (3, -6))),
        *(pipe("M", "cocktail pipette"), pipe("cocktail pipette", "N"), pipe("N", "cocktail")),
        *(pipe("spectrometer", "O"), pipe("O", "ion 2"), pipe("bone", "gauge", (21, 8))),
        *(pipe("microbone", "P", (7.5, -6), (7.5, -8.5), (12, -8.5)), pipe("P", "turbo 2")),
    ],
}

#: How its valves stand; those that are not named are closed.
STATES = {
    **{name: {"v": True, "target": True} for name in ("A", "C", "H", "I", "J", "O", "R")},
    "B": {"owner": "10.0.0.7"},
    "D": {"moving": True, "target": True},
    "E": {"rule": "System|Open E only if System|GetIndicatorState K is False"},
    "L": {"interlocks": ["K"]},
    "N": {"locked": True},
}


def item(path: str, value: Any, **more: Any) -> dict[str, Any]:
    told = {"unit": "", "sev": "ok", "reason": "", "t": 1.0, "t_seen": 1.0, "src": "indicator"}
    return {"path": path, "v": value, **told, "stale_after": 2.5, **more}


def valve(name: str, is_open: bool, **more: Any) -> dict[str, Any]:
    return item(f"System/valve/{name}", is_open, target=is_open, moving=False, **more)


def begin(page: Any) -> None:
    """As a server begins: all that there is, and that it is complete."""
    names = [each["name"] for each in DRAWN["shapes"] if each["kind"] in {"valve", "rough_valve"}]
    items = [item("System/schematic", DRAWN, src="manual")]
    items += [valve(name, False) for name in [*names, "V"]]
    tell(page, "hello", session="s1", seq=0)
    tell(page, "snapshot", seq=0, items=items)
    tell(page, "live", seq=0)


def tell(page: Any, topic: str, **fields: Any) -> None:
    page.evaluate("([topic, fields]) => tell(topic, fields)", [topic, fields])


def state(page: Any) -> str:
    said: str = page.evaluate("document.body.dataset.link")
    return said


def wait(page: Any, seconds: float) -> None:
    page.clock.run_for(round(seconds * 1000))


def test_a_change_is_seen_in_the_moment_in_which_it_is_told(page: Any) -> None:
    """Of the second that a valve may take to be seen, the browser takes nothing."""
    begin(page)
    for told, seen in (
        (valve("A", False) | {"moving": True, "target": True}, "valve moving"),
        (valve("A", True), "valve open"),
        (valve("A", True, sev="invalid", reason="stale"), "valve invalid"),
        (valve("A", False), "valve closed"),
    ):
        # In one turn of the browser: there is no time between.
        classes = page.evaluate(
            """(told) => {
              tell("change", told);
              return document.querySelector(".valve[data-name=A]").getAttribute("class");
            }""",
            told,
        )
        assert classes == seen


_COLOURS = """() => Object.fromEntries(
  [...document.querySelectorAll("#schematic .volume")].map((each) =>
    [each.querySelector(".label").textContent, each.querySelector("rect").getAttribute("class")]),
)"""


def test_what_is_lost_says_how_it_stood_last(page: Any) -> None:
    """Whose processor was killed must know where to look."""
    begin(page)
    word = page.locator(".valve[data-name=A] .word")
    for is_open, last in ((True, "last open"), (False, "last closed"), (None, "unknown")):
        tell(page, "change", **valve("A", is_open, sev="invalid", reason="stale"))
        assert word.text_content() == last
    pill = page.locator("#laser-list .pill")
    for value, told in ((True, "enabled"), (False, "disabled")):
        tell(page, "change", **item("CO2/enabled", value))
        assert pill.inner_text() == told
        tell(page, "change", **item("CO2/enabled", value, sev="invalid", reason="stale"))
        assert pill.inner_text() == f"last {told}"
    tell(page, "change", **item("CO2/enabled", None, sev="invalid", reason="it cannot be told"))
    assert pill.inner_text() == "unknown"


def test_what_a_laboratory_has_none_of_has_no_panel(page: Any) -> None:
    """And whether it has, is not known before its processor has said so."""
    panels = ("line", "lasers", "gauges", "spectrometer", "devices")

    def shown() -> list[str]:
        return [name for name in panels if page.locator(f"#{name}").is_visible()]

    assert shown() == ["line"]
    lost = item("road/processor/tcp:lab:1", "lost", sev="invalid", reason="never there")
    tell(page, "hello", session="s1", seq=0)
    tell(page, "snapshot", seq=0, items=[lost])
    tell(page, "live", seq=0)
    assert shown() == ["line"]
    tell(page, "change", **{**lost, "sev": "ok"})
    assert shown() == []
    tell(page, "change", **item("CO2/enabled", False))
    assert shown() == ["lasers"]
    tell(page, "change", **item("device/gc/IG", 1e-7, unit="mbar"))
    tell(page, "change", **item("System/schematic", DRAWN, src="manual"))
    assert shown() == ["line", "lasers", "gauges"]
    tell(page, "change", **item("device/gc/IG", 1e-7, unit="mbar", gone=True))
    assert shown() == ["line", "lasers"]


def test_what_may_have_come_through_a_lost_valve_is_grey_on_both_sides(page: Any) -> None:
    begin(page)
    before = page.evaluate(_COLOURS)
    assert (before["CO2 chamber"], before["Prep"]) == ("fill-laser", "fill-stage")
    tell(page, "change", **valve("A", True))
    assert page.evaluate(_COLOURS)["Prep"] == "fill-laser"
    tell(page, "change", **valve("A", True, sev="invalid", reason="stale"))
    lost = page.evaluate(_COLOURS)
    assert lost == {**before, "CO2 chamber": "fill-stage"}
    tell(page, "change", **valve("A", False))
    assert page.evaluate(_COLOURS) == before


def test_all_greys_within_five_seconds_of_the_last_word(page: Any) -> None:
    begin(page)
    for _ in range(10):
        wait(page, BEAT)
        tell(page, "beat", seq=0, last=0, t=1.0)
        assert state(page) == "live"
    # One beat that is late is none that is missed.
    wait(page, 1.9 * BEAT)
    assert state(page) == "live"
    tell(page, "beat", seq=0, last=0, t=1.0)
    wait(page, GREY)
    assert state(page) == "lost"
    since = page.locator("#lost").inner_text()
    # An hour after noon, ten beats, the late one.
    assert since.startswith("Nothing has been heard of the server since 1:00:23"), since


def test_whenever_that_was(page: Any) -> None:
    """The last word may come at any time between two looks for it."""
    for part in range(10):
        begin(page)
        wait(page, 0.05 * part)
        tell(page, "beat", seq=0, last=0, t=1.0)
        assert state(page) == "live"
        wait(page, GREY)
        assert state(page) == "lost", part


def test_an_end_that_is_seen_greys_at_once(page: Any) -> None:
    """As that of a server that is killed: its system ends the connection."""
    for end in ("source.onerror()", "tell('bye', { seq: 0, reason: 'the server stops' })"):
        begin(page)
        assert state(page) == "live"
        assert page.evaluate(f"{end}; document.body.dataset.link") == "lost"


def test_it_lives_again_by_itself(page: Any) -> None:
    begin(page)
    page.evaluate("window.before = source")
    wait(page, GREY)
    assert page.evaluate("source !== before")
    begin(page)
    assert state(page) == "live"
    assert page.locator("#lost").is_hidden()


def test_what_another_life_of_the_server_does_not_know_is_gone(page: Any) -> None:
    begin(page)
    tell(page, "hello", session="s2", seq=0)
    tell(page, "snapshot", seq=0, items=[valve("A", True)])
    tell(page, "live", seq=0)
    # Of C nothing is known any more.
    classes = [
        page.locator(f".valve[data-name={name}]").get_attribute("class") for name in ("A", "C")
    ]
    assert classes == ["valve open", "valve invalid"]


#: How many pixels texts may reach into what is beside them: their boxes are larger than they.
_CLOSE = 3

_STANDS_ON = """(close) => {
  const place = (each) => each.getBoundingClientRect();
  const all = (what) => [...document.querySelectorAll(`#schematic ${what}`)];
  const meet = (one, other) =>
    one.left + close < other.right && other.left + close < one.right
    && one.top + close < other.bottom && other.top + close < one.bottom;
  const solid = all(".volume rect, .valve .body");
  const texts = all(".valve .name, .valve .word");
  const wide = all(".volume").filter((each) =>
    place(each.querySelector(".label")).width > place(each.querySelector("rect")).width);
  return [
    ...texts.filter((text) => solid.some((each) => meet(place(text), place(each)))),
    ...wide,
  ].map((each) => each.textContent);
}"""


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_written_in_a_drawing_by_hand_stands_on_nothing(browser: Any, width: int) -> None:
    with page_alone(browser, viewport={"width": width, "height": 900}) as page:
        begin(page)
        for name, more in STATES.items():
            tell(page, "change", **valve(name, False) | more)
        assert page.evaluate(_STANDS_ON, _CLOSE) == []
        folder = os.environ.get("PYCHRON_PICTURES")
        if folder and width == 1440:
            page.locator("#line").screenshot(path=f"{folder}/drawn-by-hand.png")


def test_valves_of_a_drawing_say_what_they_are(page: Any) -> None:
    begin(page)
    for name, words in (
        ("A", "Valve A: closed"),
        ("R", "Rough valve R: closed"),
        ("Q", "Manual valve Q: unknown, nothing is told of it"),
    ):
        assert page.locator(f".valve[data-name={name}]").get_attribute("aria-label") == words
    assert page.locator("#schematic").inner_text().endswith("Not in the drawing: V closed")
    tell(page, "change", **valve("V", True))
    assert page.locator("#schematic").inner_text().endswith("Not in the drawing: V open")


def test_a_valve_alone_is_as_large_as_among_others(page: Any) -> None:
    """It filled the window: so it was seen with a first instrument, bound to the first valve."""
    only = {"shapes": [shape("A", "valve", 0, 0)], "connections": []}
    tell(page, "hello", session="s1", seq=0)
    items = [item("System/schematic", only, src="manual"), valve("A", True)]
    tell(page, "snapshot", seq=0, items=items)
    tell(page, "live", seq=0)
    box = page.locator(".valve[data-name=A] circle").first.bounding_box()
    assert 15 < box["width"] < 80, box


def test_the_road_is_named_as_people_know_it(page: Any) -> None:
    begin(page)
    hop = "unix:/run/lab/hop.sock"
    for path, value, more in (
        (f"road/processor/{hop}", "connected", {}),
        ("road/route/System", hop, {}),
        (f"road/lock/{hop}", "mass spec", {"address": "10.0.0.7", "since": 1.0}),
        (f"road/queue/device/heater/{hop}", 3, {}),
        ("lease/System:A", "10.0.0.5", {"until": 1.0}),
    ):
        tell(page, "change", **item(path, value, **more))
    rows = page.locator("#road-list .item")
    shown = zip(
        rows.locator(".name").all_inner_texts(),
        rows.locator(".value").all_inner_texts(),
        strict=True,
    )
    assert list(shown) == [
        ("processor hop.sock", "connected"),
        ("route of System", "hop.sock"),
        ("lease of System:A", "10.0.0.5"),
        ("queue of device/heater", "3"),
        ("system lock hop.sock", "mass spec"),
    ]
    said = page.locator("#kept").inner_text()
    assert said.startswith("mass spec (10.0.0.7) has the system lock since")
    tell(page, "change", **item(f"road/lock/{hop}", "mass spec", gone=True, sev="invalid"))
    assert page.locator("#kept").is_hidden()
