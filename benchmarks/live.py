"""How fast the live view is: 10 hosts, 200 bars, at least 8 frames a second when things happen, in a real JupyterLab and a real Chromium.

    python benchmarks/live.py

Each change of a recorded run (a start, an end, a detection) is an event: its moment is compared with the moment when the page has
painted it. What the kernel spends is the processor time of the view's own thread, laying out, comparing and sending; the snapshot of
the run, which is the recorder's business, is left out. What a frame weighs is its message as JSON.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from page import milliseconds, notebook, quantile, run_next
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
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
    def subscribe(self, listener):
        threading.Thread(target=self.tell, args=(listener,), daemon=True).start()
    def tell(self, listener):
        for t in sorted(t for job in self.recorded.jobs for t in (job.start, job.end, job.detected)):
            time.sleep(max(0, self.began + t - time.time()))
            listener()

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


def main() -> None:
    with notebook([CELL, RESULT]) as page:
        report(*measure(page))


def measure(page: Page) -> tuple[dict[str, float], dict[str, list[float]], float]:
    """Run the two cells; return when each bar was painted (ms), what the kernel counted, and the frames of the page in a second."""
    page.evaluate(WATCH)
    run_next(page)
    page.wait_for_selector(".cp-bar", timeout=30_000)
    rate = page.evaluate(
        """() => new Promise((done) => { let frames = 0; const until = performance.now() + 5000;
            const count = () => { frames += 1; performance.now() < until ? requestAnimationFrame(count) : done(frames / 5); };
            requestAnimationFrame(count); })"""
    )
    page.wait_for_selector(".cp-root[data-running=false]", timeout=120_000)
    painted = page.evaluate("window.painted")
    run_next(page)
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


if __name__ == "__main__":
    main()
