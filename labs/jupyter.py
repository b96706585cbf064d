"""Opening the course: JupyterLab, in French, on the loopback, with a token, on the first lesson."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from contextlib import closing
from pathlib import Path

import nbformat
import psutil
from nbformat.sign import NotebookNotary

from labs.errors import LabError
from labs.inventory import write_atomically
from labs.paths import ROOT, STATE, WORK

SETTINGS = Path(__file__).parent / "notebook" / "lab-settings"
EXTENSIONS = Path(__file__).parent / "notebook" / "labextensions"  # of our own, added to those of the environment
FIRST_LESSON = "00_accueil.ipynb"
_DATA = STATE / "jupyter" / "data"  # signatures of trusted notebooks
FIRST_PORT, LAST_PORT = 8888, 8988


def running_address() -> str | None:
    """The address of a course that is open already, or None."""
    try:
        known = json.loads(_session_file().read_text())
        alive = psutil.Process(known["pid"]).create_time() == known["created"]
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return str(known["address"]) if alive else None


def open_course(locale: str, port: int | None, browser: bool) -> None:
    """Become the JupyterLab server. Does not return."""
    port = free_port(port)
    token = secrets.token_hex(24)
    address = f"http://127.0.0.1:{port}/lab/tree/{WORK.name}/{FIRST_LESSON}?token={token}"
    # The server takes this process's place, so its pid is ours.
    session = {"pid": os.getpid(), "created": psutil.Process().create_time(), "address": address}
    write_atomically(_session_file(), json.dumps(session), mode=0o600)
    print(f"\nLe cours est ouvert à cette adresse :\n\n    {address}\n", flush=True)
    print("Pour le fermer : Ctrl-C ici. Le labo reste en marche ; « .venv/bin/labs down » l'arrête.", flush=True)
    _tell_to_journal()
    os.chdir(ROOT)
    os.execve(  # noqa: S606 - our own interpreter
        sys.executable, [sys.executable, "-m", "jupyterlab", *server_options(port, browser)], server_environment(locale, token)
    )


def trust(notebook: Path) -> None:
    """Sign a lesson as ours: an unsigned one is shown without its style."""
    _DATA.mkdir(parents=True, exist_ok=True)
    with NotebookNotary(data_dir=str(_DATA)) as notary:
        notary.sign(nbformat.read(notebook, as_version=4))


def _tell_to_journal() -> None:
    """The server's own talk, in English, goes to a file; a learner needs it only when something is wrong."""
    journal = STATE / "jupyter" / "journal.log"
    print(f"En cas d'ennui, le journal du serveur est dans {os.path.relpath(journal, ROOT)}.", flush=True)
    with journal.open("w") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())


def server_options(port: int, browser: bool) -> list[str]:
    """Options of JupyterLab's command line: the course's settings and nobody else's."""
    state = STATE / "jupyter"
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{WORK.name}/{FIRST_LESSON}",
        f"--LabApp.app_settings_dir={SETTINGS}",
        f"--LabApp.extra_labextensions_path={EXTENSIONS}",
        f"--LabApp.user_settings_dir={state / 'user-settings'}",
        f"--LabApp.workspaces_dir={state / 'workspaces'}",
        # A login shell would reset PATH, and `ansible` would not be found in the terminal.
        '--ServerApp.terminado_settings={"shell_command": ["/bin/bash"]}',
        # Lets a script in the page wait for a kernel or run all cells: the browser tests do.
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=WARN",
    ]
    if os.geteuid() == 0:
        options.append("--ServerApp.allow_root=True")
    if not browser:
        options.append("--ServerApp.open_browser=False")
    return options


def server_environment(locale: str, token: str) -> dict[str, str]:
    # LANG makes the server's own texts French; LC_ALL would hide it. The token goes by the environment: `ps` shows arguments to all.
    environment = {key: value for key, value in os.environ.items() if key != "LC_ALL"}
    return environment | {
        "LANG": locale,
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(STATE / "jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(_DATA),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def free_port(wanted: int | None) -> int:
    """The port asked for, or the first free one; LabError when it is taken."""
    if wanted is not None:
        if not _is_free(wanted):
            raise LabError(f"Le port {wanted} est déjà pris par un autre programme.", "Choisissez-en un autre : « ./start --port 8900 ».")
        return wanted
    port = next((port for port in range(FIRST_PORT, LAST_PORT) if _is_free(port)), None)
    if port is None:
        raise LabError(f"Aucun port n'est libre entre {FIRST_PORT} et {LAST_PORT}.", "Indiquez-en un : « ./start --port 9500 ».")
    return port


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _session_file() -> Path:
    return STATE / "jupyter" / f"{WORK.name}.json"
