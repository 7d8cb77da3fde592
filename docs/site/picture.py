"""Take the pictures of README: the passage of the home page, light and dark.

``python docs/site/picture.py`` writes docs/picture-light.png and docs/picture-dark.png. It needs
the site (``make site``) and Chromium, which it drives as the browser tests do.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser import Page, opened_browser  # noqa: E402

HOME = ROOT / "build/site/index.html"
WIDTH = 1280
MEASURE = """(() => {
    const box = document.querySelector(".example .readout").getBoundingClientRect();
    return {x: box.x, y: box.y, width: box.width, height: box.height, scale: 1.5};
})()"""


def take_picture(page: Page, dark: bool) -> bytes:
    """Return the passage of the home page as a PNG file."""
    page.look(width=WIDTH, dark=dark)
    page.open(HOME.as_uri())
    clip = page.run(MEASURE)
    shot = page.send("Page.captureScreenshot", format="png", clip=clip)
    return base64.b64decode(shot["data"])


def main() -> None:
    """Write both pictures."""
    with tempfile.TemporaryDirectory() as profile, opened_browser(profile) as page:
        for name, dark in (("light", False), ("dark", True)):
            path = ROOT / f"docs/picture-{name}.png"
            path.write_bytes(take_picture(page, dark))


if __name__ == "__main__":
    main()
