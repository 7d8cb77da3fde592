"""A headless Chromium, driven through its own debugging pipe: no driver, no library, no port.

Chromium reads JSON messages, each ended by a NUL, from file descriptor 3 and writes to 4
(``--remote-debugging-pipe``)."""

import base64
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager

CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
PATIENCE = 60  # seconds for one answer
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-component-update",
)


class Page:
    """The one page of a browser."""

    def __init__(self, read, write):
        self._read, self._write = read, write
        self._number = 0
        self._buffer = b""
        self._session = None
        self.events = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _receive(self):
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._read, 1 << 16)
            if not chunk:
                raise ConnectionError("the browser has ended")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, url):
        """Load a page, from nothing even if it is open already, and wait until it has loaded."""
        for each in ("about:blank", url):
            self.events.clear()
            self.send("Page.navigate", url=each)
            while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
                self.events.append(self._receive())

    def run(self, script):
        """Return the value of an expression of JavaScript in the page."""
        done = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def click(self, selector, number=0):
        """Click with the mouse on the first line of an element, once it is drawn where it is."""
        script = f"""(async () => {{
            const element = document.querySelectorAll({json.dumps(selector)})[{number}];
            element.scrollIntoView({{block: "center", behavior: "instant"}});
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            await frame();
            await frame();
            const box = element.getClientRects()[0];
            return [box.left + Math.min(box.width / 2, 4), box.top + box.height / 2];
        }})()"""
        x, y = self.run(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key, text=""):
        """Press and release a key."""
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def look(self, width=1280, height=1000, dark=False, media=""):
        """Set the size of the window, light or dark, screen or print."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme, motion])

    def save_picture(self, path):
        """Write what the window shows as a PNG file."""
        path.write_bytes(
            base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        )

    @property
    def requests(self):
        """The URLs that were asked for since the page was opened."""
        sent = [
            event for event in self.events if event.get("method") == "Network.requestWillBeSent"
        ]
        return [event["params"]["request"]["url"] for event in sent]

    @property
    def errors(self):
        """The errors that the page met since it was opened."""
        return [
            event["params"]
            for event in self.events
            if event.get("method") == "Runtime.exceptionThrown"
            or (
                event.get("method") == "Log.entryAdded"
                and event["params"]["entry"]["level"] == "error"
            )
        ]


@contextmanager
def opened_browser(profile):
    """Give a page of a browser of its own, whose profile is a new folder."""
    commands, answers = os.pipe(), os.pipe()

    def plug():
        # Descriptors from 10 on cannot be hit by the two dup2 calls themselves.
        read, write = (
            os.dup2(end, number, inheritable=False)
            for end, number in ((commands[0], 10), (answers[1], 11))
        )
        os.dup2(read, 3)
        os.dup2(write, 4)

    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"],
        preexec_fn=plug,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands[0])
    os.close(answers[1])
    try:
        yield Page(answers[0], commands[1])
    finally:
        os.close(commands[1])  # the browser ends when nobody can command it any more
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers[0])
