"""browser.py - Chromium without a window, told what to do through the DevTools protocol on a pipe
(--remote-debugging-pipe: messages are JSON, each ended by a NUL, on its descriptors 3 and 4).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time

import lib

NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER_S = 120


class Browser:
    """One page. `messages` is what its console and its exceptions said, `requests` every address
    that it asked for."""

    def __init__(self, width=1280, height=900):
        program = next(filter(None, map(shutil.which, NAMES)), None) or lib.skip("no chromium here")
        self.messages, self.requests = [], []
        self._next_id, self._answers, self._buffer, self._loads = 0, {}, b"", 0
        to_us, from_it = os.pipe()
        from_us, to_it = os.pipe()
        self._read, self._write = to_us, to_it
        home = lib.fresh("chromium")
        home.mkdir()
        # The shell puts the two ends where the browser looks for them.
        self._process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{from_us} 4>&{from_it}', "sh", program, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={home}",
             f"--window-size={width},{height}"],
            pass_fds=(from_us, from_it), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=str(home)))
        os.close(from_us)
        os.close(from_it)
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        self._session = None
        try:
            self.call("Browser.close")
        except (BrokenPipeError, EOFError):
            pass
        os.close(self._write)
        os.close(self._read)
        self._process.wait(timeout=ANSWER_S)

    def call(self, method, **parameters):
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_S
        while self._next_id not in self._answers:
            self._take(deadline)
        answer = self._answers.pop(self._next_id)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _take(self, deadline):
        """The messages of one read."""
        if not select.select([self._read], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"chromium gave no answer in {ANSWER_S} s")
        data = os.read(self._read, 1 << 20)
        if not data:
            raise EOFError("chromium ended")
        *whole, self._buffer = (self._buffer + data).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._note(message["method"], message["params"])

    def _note(self, method, event):
        if method == "Page.loadEventFired":
            self._loads += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.messages.append(event["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(word.get("value")) for word in event["args"]))
        elif method == "Log.entryAdded":
            self.messages.append(event["entry"]["text"])

    def open(self, path):
        loads = self._loads
        self.call("Page.navigate", url=f"file://{path}")
        deadline = time.monotonic() + ANSWER_S
        while self._loads == loads:
            self._take(deadline)

    def eval(self, expression):
        """The value of an expression of JavaScript; of a promise what it comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression, what):
        """Wait for an expression to become true."""
        deadline = time.monotonic() + ANSWER_S
        while not self.eval(expression):
            if not lib.check(time.monotonic() < deadline, f"never came: {what}"):
                return
            time.sleep(0.05)

    KEYS = {"Enter": (13, "\r"), " ": (32, " "), "Escape": (27, ""), "Tab": (9, ""), "ArrowDown": (40, ""),
            "ArrowUp": (38, ""), "ArrowLeft": (37, ""), "ArrowRight": (39, ""), "/": (191, "/"), "End": (35, "")}

    def press(self, key):
        code, text = self.KEYS[key]
        more = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                      **(more if kind == "keyDown" else {}))

    def type(self, text):
        self.call("Input.insertText", text=text)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, **options):
        """PNG of what is in the window."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **options)["data"])
