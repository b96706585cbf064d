"""What the benchmarks in a browser share: a notebook of their own, in a JupyterLab with the course's settings, before a real Chromium."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from labs.jupyter import SETTINGS

NAME = "mesure.ipynb"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return context?.isReady && context.session?.kernel?.connectionStatus === 'connected' && context.session.kernel.status === 'idle';
}"""


@contextmanager
def notebook(cells: Sequence[str]) -> Iterator[Page]:
    """A page with a notebook of these cells, none of them run yet, and its kernel ready."""
    folder = Path(tempfile.mkdtemp(prefix="contrepoint-mesure-"))
    (folder / NAME).write_text(json.dumps(_document(cells)), encoding="utf-8")
    # Without the course's own settings, callbacks run on another thread, later.
    (folder / "config").mkdir()
    settings = {"LabApp": {"app_settings_dir": str(SETTINGS)}}
    (folder / "config" / "jupyter_lab_config.json").write_text(json.dumps(settings), encoding="utf-8")
    lab, address = _start(folder)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(address)
            page.wait_for_function(READY, timeout=60_000)
            yield page
            browser.close()
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def run_next(page: Page) -> None:
    """Start the selected cell, and select the one after it."""
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell-and-select-next')")


def _document(cells: Sequence[str]) -> dict[str, object]:
    return {
        "cells": [{"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None} for text in cells],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
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
    return lab, f"http://127.0.0.1:{port}/lab/tree/{NAME}?token={token}&reset"


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms".replace(".", ",")
