"""How fast the live view is: 10 hosts, 200 bars, 8 frames a second, in a real JupyterLab and a real Chromium.

    python benchmarks/live.py

Each change of a recorded run (a start, an end, a detection) is an event: its moment is compared with the moment when the page has
painted it. What the kernel spends is the processor time of the view's own thread, laying out, comparing and sending; the snapshot of
the run, which is the recorder's business, is left out. What a frame weighs is its message as JSON.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
TARGETS = {"écran": 50.0, "noyau": 2.0}  # milliseconds

CELL = f"""
import json, sys, threading, time
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
from timeline import samples
from labs.notebook.live import LiveView
from labs.timeline import replay

class Replay:
    def __init__(self, recorded):
        self.recorded, self.began = recorded, time.time()
    @property
    def alive(self):
        return time.time() - self.began < self.recorded.end + 1
    def timeline(self):
        return replay.at(self.recorded, time.time() - self.began)
    def cancel(self):
        pass

class Measured(LiveView):
    spent, weights = [], []
    def _draw(self, timeline):
        began = time.thread_time()
        super()._draw(timeline)
        self.spent.append(1000 * (time.thread_time() - began))
    def send(self, content, buffers=None):
        self.weights.append(len(json.dumps(content)))
        super().send(content, buffers)

source = Replay(samples.crowd(10, 20))
view = Measured(source)
moments = sorted(t for job in source.recorded.jobs for t in (job.start, job.end, job.detected))
def poke():
    for t in moments:
        time.sleep(max(0, source.began + t - time.time()))
        view.poke()
threading.Thread(target=poke, daemon=True).start()
view
"""
RESULT = """
from IPython.display import display
ends = {f"j/{job.id}": 1000 * (source.began + job.end) for job in source.recorded.jobs}
text = json.dumps({"ends": ends, "spent": Measured.spent, "weights": Measured.weights, "seconds": source.recorded.end})
display({"text/html": "<pre id=measured></pre>"}, raw=True)
print("MEASURED" + text)
"""

# The moment a bar is painted in its final state: the second animation frame after the change of the document.
WATCH = """
window.painted = {};
const note = (node) => {
  const key = node.dataset.key;
  if (!key.startsWith('j/') || !['succeeded', 'failed'].includes(node.dataset.state) || key in window.painted) return;
  window.painted[key] = 0;
  requestAnimationFrame(() => setTimeout(() => { window.painted[key] = performance.timeOrigin + performance.now(); }));
};
new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === 'attributes' && change.target.dataset?.key) note(change.target);
    for (const node of change.addedNodes) if (node.dataset?.key) note(node);
  }
}).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-state']});
"""
READY = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return context?.isReady && context.session?.kernel?.connectionStatus === 'connected' && context.session.kernel.status === 'idle';
}"""


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="contrepoint-live-"))
    notebook = {
        "cells": [{"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None} for text in (CELL, RESULT)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    (folder / "live.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    lab, address = start_lab(folder)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(address)
            page.wait_for_function(READY, timeout=60_000)
            report(*measure(page))
            browser.close()
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def start_lab(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a JupyterLab of its own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", f"--port={port}",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    env = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / "config"), "IPYTHONDIR": str(folder / "ipython")}
    lab = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    return lab, f"http://127.0.0.1:{port}/lab/tree/live.ipynb?token={token}&reset"


def measure(page: Page) -> tuple[dict[str, float], dict[str, list[float]], float]:
    """Run the two cells; return when each bar was painted (ms), what the kernel counted, and the frames of the page in a second."""
    page.evaluate(WATCH)
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.wait_for_selector(".cp-bar", timeout=30_000)
    rate = page.evaluate(
        """() => new Promise((done) => { let frames = 0; const until = performance.now() + 5000;
            const count = () => { frames += 1; performance.now() < until ? requestAnimationFrame(count) : done(frames / 5); };
            requestAnimationFrame(count); })"""
    )
    page.wait_for_selector(".cp-root[data-running=false]", timeout=120_000)
    painted = page.evaluate("window.painted")
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    output = page.locator("pre", has_text="MEASURED").last
    output.wait_for(timeout=30_000)
    return painted, json.loads(output.inner_text().removeprefix("MEASURED")), float(rate)


def report(painted: dict[str, float], kernel: dict, rate: float) -> None:
    delays = sorted(painted[key] - end for key, end in kernel["ends"].items() if painted.get(key))
    spent, weights = kernel["spent"][1:], kernel["weights"][1:-1]
    rows = [
        ("barres finies peintes", f"{len(delays)}/{len(kernel['ends'])}", ""),
        ("événement → écran, p50", milliseconds(statistics.median(delays)), ""),
        ("événement → écran, p95", milliseconds(quantile(delays, 0.95)), f"≤ {TARGETS['écran']:.0f} ms"),
        ("noyau par image, moyenne", milliseconds(statistics.mean(spent)), f"≤ {TARGETS['noyau']:.0f} ms"),
        ("noyau par image, p95", milliseconds(quantile(spent, 0.95)), ""),
        ("octets par image, moyenne", f"{statistics.mean(weights):.0f}", ""),
        ("images envoyées par seconde", f"{len(weights) / kernel['seconds']:.1f}".replace(".", ","), ""),
        ("images du navigateur par seconde", f"{rate:.0f}", ""),
    ]
    for name, value, target in rows:
        print(f"{name:<34}{value:>12}   {target}")


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms".replace(".", ",")


if __name__ == "__main__":
    main()
