"""What every page has to pass: axe, a phone's width, headings, and the keyboard alone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCHEMES: Final = ("light", "dark")
WIDE: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
RULES: Final[dict[str, Any]] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
    "preload": False,  # it would load the style sheets a second time, from wrong addresses
}
CONTRAST: Final[dict[str, Any]] = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
RUNS: Final = (
    ("light", WIDE, RULES),
    ("dark", WIDE, CONTRAST),
    ("light", PHONE, CONTRAST),
    ("dark", PHONE, RULES),
)
"""Every rule in both schemes and at both widths once; what depends on the two together, in all four."""
MOST_STOPS: Final = 250

SIDEWAYS: Final = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1);
  const said = `scrolls to ${document.documentElement.scrollWidth}`;
  return [said, ...wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 90))];
}"""

HEADINGS: Final = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((e) => e.checkVisibility()).map((e) => Number(e.tagName[1]))"""

# A group of radio buttons is one stop; a list that scrolls is one by itself.
CONTROLS: Final = """() => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const names = new Set();
  const stops = [...document.querySelectorAll(all)].filter((e) => {
    if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) return false;
    if (e.type !== "radio") return true;
    const first = !names.has(e.name);
    names.add(e.name);
    return first;
  });
  stops.forEach((e, place) => { e.dataset.stop = e.type === "radio" ? e.name : place; });
  return stops.map((e) => [e.dataset.stop, e.outerHTML.slice(0, 120)]);
}"""

# Where a field has the focus at once, Tab would go on from there.
TO_THE_TOP: Final = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""

FOCUSED: Final = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const seen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0
    && box.top < innerHeight && box.left < innerWidth;
  return {
    stop: e.type === "radio" ? e.name : e.dataset.stop, html: e.outerHTML.slice(0, 120),
    visible: seen && (outlined || style.boxShadow !== "none"),
  };
}"""


def violations(page: Page) -> list[str]:
    """Return what axe finds, in light and dark, wide and on a phone."""
    return [
        f"{scheme}, {size['width']} wide: {violation}"
        for scheme, size, rules in RUNS
        for violation in _axe(page, scheme, size, rules)
    ]


def _axe(page: Page, scheme: Any, size: Any, rules: dict[str, Any]) -> Iterator[str]:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for violation in Axe().run(page, options=rules).response["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"


def sideways(page: Page) -> list[str]:
    """Return what makes the page scroll sideways on a phone."""
    page.set_viewport_size(PHONE)
    found: list[str] = page.evaluate(SIDEWAYS)
    return found


def headings(page: Page) -> list[str]:
    """Return what is wrong with the outline: one h1, first, and no level left out."""
    levels: list[int] = page.evaluate(HEADINGS)
    wrong = [] if levels[:1] == [1] and levels.count(1) == 1 else [f"the headings are {levels}"]
    return wrong + [f"h{b} after h{a}" for a, b in pairwise(levels) if b > a + 1]


def keyboard(page: Page) -> list[str]:
    """Walk the page by Tab; return controls that it does not reach, and stops where the focus cannot be seen."""
    page.set_viewport_size(WIDE)
    wanted: dict[str, str] = {str(stop): html for stop, html in page.evaluate(CONTROLS)}
    to_the_top(page)
    wrong = []
    reached: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused and focused["stop"] in reached[-1:]:
            continue  # a field of a date is a stop for day, month, year and calendar
        if focused is None or focused["stop"] in reached:
            break
        reached.append(focused["stop"])
        if not focused["visible"]:
            wrong.append(f"the focus cannot be seen: {focused['html']}")
    return wrong + [f"Tab does not reach {html}" for stop, html in wanted.items() if stop not in reached]


def to_the_top(page: Page) -> None:
    """Let the next Tab find the first stop of the page."""
    page.evaluate(TO_THE_TOP)
