"""The course as a learner opens it: ``./start``, a real JupyterLab, a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from labs.paths import ROOT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# Without these, Chromium calls home at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OPENING_SECONDS = 600
# Nodes that come and go have addresses on this machine: a browser takes that for another network, and gives up requests that wait for their turn.
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
OPENINGS = 3


@dataclass(frozen=True)
class Course:
    """A course that is open: where, and the folder of its learner."""

    address: str
    work: Path

    def lesson(self, name: str) -> str:
        return self.address.replace("00_accueil.ipynb", f"{name}.ipynb") + "&reset"

    def path(self, name: str) -> str:
        """A lesson's file, as JupyterLab names it."""
        return f"{self.work.name}/{name}.ipynb"


def pytest_collection_modifyitems(items):
    if Path(CHROMIUM).exists() or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="chromium n'est pas installé sur cette machine"))


@pytest.fixture(scope="session")
def course():
    """``./start`` with a learner's folder of its own; stopped, and the folder removed, at the end."""
    work = ROOT / f"travail-tests-{os.getpid()}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"CONTREPOINT_TRAVAIL": str(work)}
    start = subprocess.Popen(
        ["./start", "--no-browser", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Course(_address(start), work)
    finally:
        os.killpg(start.pid, signal.SIGTERM)
        start.wait(30)
        start.stdout.close()
        shutil.rmtree(work, ignore_errors=True)


def _address(start: subprocess.Popen[str]) -> str:
    """What ``./start`` prints, once the server answers; its output is drained afterwards so that it never blocks."""
    told = []
    watchdog = threading.Timer(OPENING_SECONDS, start.kill)
    watchdog.start()
    for line in start.stdout:
        told.append(line)
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/\S+", line):
            watchdog.cancel()
            threading.Thread(target=start.stdout.read, daemon=True).start()
            _wait_for_server(int(found.group(1)))
            return found.group(0)
    watchdog.cancel()
    raise AssertionError("./start did not open the course:\n" + "".join(told))


def _wait_for_server(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture(scope="module")
def chromium():
    """A browser for one module: while Playwright lives, its event loop is the thread's, and other tests have loops of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A browser test that fails leaves a picture of its screen, and its JupyterLab to nobody."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    lab = arguments.get("jupyterlab")
    page = arguments.get("page") or (lab and lab.page)
    if report.failed and page:
        picture = ROOT / ".labs" / "echecs" / f"{item.name}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        with suppress(PlaywrightError):  # a page that is closed has no picture
            page.screenshot(path=str(picture))
    if report.failed and lab:
        lab.close()
    return report


def visit(chromium) -> Page:
    """A new page, as of another visitor; its console's complaints are in ``page.complaints``, requests that it gave up in ``page.lost``."""
    page = chromium.new_context(viewport={"width": 1280, "height": 1000}, locale="fr-FR").new_page()
    page.set_default_timeout(60_000)
    page.complaints = []
    page.lost = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda request: page.lost.append(request.url) if request.failure == NETWORK_CHANGED else None)
    return page


@pytest.fixture
def page(chromium):
    page = visit(chromium)
    yield page
    page.context.close()


@pytest.fixture
def offline(page):
    """The page without a network: whatever it asks of one is refused, and noted in ``page.asked``."""
    page.asked = []
    page.context.set_offline(True)
    page.on("request", lambda request: page.asked.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    return page


class Notebook:
    """The notebook that is open in front, as a learner's hand finds it."""

    READY = """() => {
        const dialog = document.querySelector('.jp-Dialog');
        if (dialog) throw new Error(dialog.textContent);
        const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
        const session = panel && panel.sessionContext;
        return Boolean(session && session.isReady && session.session && session.session.kernel &&
            session.session.kernel.connectionStatus === 'connected' && session.session.kernel.status === 'idle');
    }"""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_function(self.READY, timeout=90_000)

    def command(self, name: str) -> object:
        return self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self) -> object:
        return self.command("notebook:run-all-cells")

    def cell(self, text: str):
        """The code cell whose source holds ``text``, brought into view: cells far away are not in the page."""
        index = self.page.evaluate(
            """text => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets;
                const index = cells.findIndex(cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(text));
                return window.jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start').then(() => index);
            }""",
            text,
        )
        assert index >= 0, text
        return self.page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{index}']")


class JupyterLab:
    """One JupyterLab, where a learner goes from lesson to lesson: opening it anew costs more than most tests."""

    TURN_TO = """async path => {
        const app = window.jupyterapp;
        for (const widget of [...app.shell.widgets('main')]) widget.dispose();
        await app.serviceManager.sessions.shutdownAll();
        await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    }"""

    def __init__(self, chromium, course: Course) -> None:
        self.page: Page | None = None
        self._chromium, self._course = chromium, course

    def lesson(self, name: str) -> Notebook:
        """A lesson as its file is, with a new kernel. What was open is closed, without being saved.

        A page of which requests were given up is opened anew, as the learner's guide says.
        """
        for _ in range(OPENINGS - 1):
            try:
                return self._turn_to(name)
            except PlaywrightError:
                if not self.page.lost:
                    raise
                self.close()
        return self._turn_to(name)

    def _turn_to(self, name: str) -> Notebook:
        if self.page is None:
            self.page = visit(self._chromium)
            self.page.goto(self._course.lesson(name))
        else:
            self.page.complaints.clear()
            self.page.lost.clear()
            self.page.evaluate(self.TURN_TO, self._course.path(name))
        return Notebook(self.page)

    def close(self) -> None:
        if self.page is not None:
            self.page.context.close()
            self.page = None


@pytest.fixture(scope="module")
def jupyterlab(chromium, course):
    lab = JupyterLab(chromium, course)
    yield lab
    lab.close()


@pytest.fixture
def notebook(jupyterlab):
    """Open a lesson by its name."""
    return jupyterlab.lesson
