"""Where the focus is can be seen: its frame has a contrast of 3:1 to the colours beside it."""

import re

import pytest
from workbench import DOCUMENT, IN_CHROMIUM, copy_real, opened_desk, opened_mode

pytestmark = IN_CHROMIUM
LEAST = 3
"""WCAG 2.2, success criteria 1.4.11 and 2.4.13; the latter also wants a frame of two pixels."""

FRAME = """() => {
  const focused = document.activeElement;
  const id = focused.getAttribute("aria-activedescendant");
  const shown = id ? document.getElementById(id) : focused;
  const style = getComputedStyle(shown);
  const behind = [];
  // At a distance, the frame touches what is around the element, and not the element.
  const touching = parseFloat(style.outlineOffset) >= 2 ? shown.parentElement : shown;
  for (let each = touching; each; each = each.parentElement) {
    behind.push(getComputedStyle(each).backgroundColor);
  }
  const name = `${shown.localName}.${shown.className}`;
  const { outlineStyle: line, outlineWidth: width, outlineColor: color } = style;
  return { name, line, width, color, behind };
}"""

FILLS = """(names) => {
  const probe = document.body.appendChild(document.createElement("p"));
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = names.map(read);
  probe.remove();
  return found;
}"""
BEHIND_TEXT = ["paper", "card", "mention", "cue", "chosen", "linked", "pending", "wash"]


def parse_color(said):
    numbers = [float(each) for each in re.findall(r"[\d.]+", said)]
    return numbers[:3], numbers[3] if len(numbers) == 4 else 1


def find_luminance(said):
    channels = [value / 255 for value in parse_color(said)[0]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def find_contrast(one, other):
    low, high = sorted([find_luminance(one), find_luminance(other)])
    return (high + 0.05) / (low + 0.05)


def walk(page, *keys):
    """Return the frames of what has the focus after each key, by element."""
    frames = {}
    for key in keys:
        page.keyboard.press(key)
        frame = page.evaluate(FRAME)
        frames[frame["name"]] = frame
    return frames


def list_faults(page, frames):
    fills = page.evaluate(FILLS, BEHIND_TEXT)
    faults = []
    for name, frame in frames.items():
        if name.startswith(("body.", "h2.")):  # nothing to operate
            continue
        opaque = [each for each in frame["behind"] if parse_color(each)[1] == 1]
        least = min(find_contrast(frame["color"], each) for each in [opaque[0], *fills])
        is_thick = frame["line"] == "solid" and float(frame["width"].removesuffix("px")) >= 2
        if not is_thick or least < LEAST:
            faults.append((name, frame["line"], frame["width"], round(least, 2)))
    return faults


def test_the_measure_is_that_of_wcag():
    assert find_contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert find_contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") == pytest.approx(
        4.54, abs=0.01
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_of_the_focus_is_seen_while_editing(browser, tmp_path, scheme):
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, color_scheme=scheme) as desk:
        frames = walk(desk.page, "n", "n", "n", "n", "n", "Tab", "Tab", "e")
        frames |= walk(desk.page, *["Tab"] * 16)
        desk.page.locator("[data-field] input[role=combobox]").first.focus()
        frames |= walk(desk.page, "ArrowDown", "ArrowDown")
        desk.press("Escape", "Escape", "Escape")
        desk.evaluate(
            "document.querySelectorAll('.tools details').forEach((each) => each.open = 1)"
        )
        desk.page.locator(".tools summary").first.focus()
        frames |= walk(desk.page, *["Tab"] * 14)
        desk.page.locator(".holders .sign").first.focus()
        frames |= walk(desk.page, "Tab", "Tab")
        kinds = " ".join(frames)
        expected = ("mark.", "button.primary", "summary.", "input.", "li.", "button.sign")
        assert [each for each in expected if each not in kinds] == []
        assert list_faults(desk.page, frames) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_of_the_focus_is_seen_while_reviewing(browser, tmp_path, scheme):
    root = copy_real(tmp_path / "corpus")
    with opened_mode(browser, root, "review", "adjudicator", color_scheme=scheme) as page:
        frames = walk(page, *["Tab"] * 20)
        assert list_faults(page, frames) == []
