"""Headless Chromium, as Debian packages it, over its debugging pipe: no driver is needed.

Messages are JSON objects that end in a zero byte, as the DevTools protocol describes them.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

PROGRAM = shutil.which("chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",  # root may have none
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
]
PATIENCE = 60  # seconds


class Browser:
    """One page. What it logs, and what it asks for, is collected.

    Attributes
    ----------
    errors : list of str
        Those in the console, and exceptions that nothing has caught.
    urls : list of str
        All that was requested.
    """

    def __init__(self, folder: Path) -> None:
        self.errors: list[str] = []
        self.urls: list[str] = []
        self.results: dict[int, dict] = {}
        self.pending = b""
        self.sent = 0
        self.session: str | None = None
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()

        def become_three_and_four():
            # Above both numbers first, since either pipe may have one of them.
            high = [os.dup(descriptor) for descriptor in (commands, events)]
            high = [os.dup2(descriptor, 100 + i) for i, descriptor in enumerate(high)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [PROGRAM, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=become_three_and_four,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(events)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.events)

    def call(self, method, **parameters):
        """Send a command, and wait for its result."""
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while self.sent not in self.results:
            self.receive()
        return self.results.pop(self.sent)

    def receive(self):
        piece = os.read(self.events, 1 << 16)
        if not piece:
            raise RuntimeError("Chromium has ended")
        *messages, self.pending = (self.pending + piece).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                self.results[message["id"]] = message["result"]
            else:
                self.take(message["method"], message["params"])

    def take(self, event, details):
        if event == "Network.requestWillBeSent":
            self.urls.append(details["request"]["url"])
        elif event == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.errors.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
        elif event == "Runtime.consoleAPICalled" and details["type"] == "error":
            self.errors.append(str(details["args"]))
        elif event == "Runtime.exceptionThrown":
            self.errors.append(str(details["exceptionDetails"]))

    def open(self, url):
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        """The value of an expression of JavaScript, on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait_for(self, expression):
        """The value of an expression, as soon as it is true."""
        end = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression} has stayed {value}; errors: {self.errors}")
            time.sleep(0.05)
        return value

    def resize(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self):
        """What the window shows, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])
