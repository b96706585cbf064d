"""The hostile corpus: its tables (attempts.yml, attacks.yml, configs.yml) made into answers, and what of the host they may never meet."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from grader import catalog
from grader.run import Silent, grade

HERE = Path(__file__).parent
EXERCISES = HERE / "exercises"
SECRET = "SECRET-9f2c41"  # whatever may not be read holds it; written in no answer
# The processes that observe a node, in the words of the node's shell.
OBSERVERS = "$(ps -eo pid=,args= | awk '$2 ~ /python3$/ && $3 == \"-I\" {print $1}')"
# What an attempt has found: the words of a program, or whatever else there is.
FOUND = "{{ ((out.stdout ~ out.stderr) if out.stdout is defined else out) | string | truncate(20000) }}"
WORK = (
    {"command": "/bin/sleep 2", "async": 30, "poll": 1},
    {"copy": {"content": "fait", "dest": "/root/trace"}},
)


def table(name):
    return yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))


@dataclass
class Host:
    """What of this machine an answer may never meet, and what would tell that one has."""

    folder: Path
    service: int
    neighbour: str
    calls: list = field(default_factory=list)

    @property
    def outside(self):
        return self.folder / "outside"

    def fill(self, data):
        """What a table holds, with this host's own places in its texts."""
        if isinstance(data, dict):
            return {key: self.fill(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.fill(value) for value in data]
        return self._filled(data) if isinstance(data, str) else data

    def _filled(self, text):
        places = {
            "secret-file": self.outside / "secret.yml",
            "solution": self.outside / "solution" / "answer.yml",
            "others": self.outside / "copies" / "answer.yml",
            "outside": self.outside,
            "service": self.service,
            "host": socket.gethostbyname(socket.gethostname()),
            "neighbour": self.neighbour,
            "observers": OBSERVERS,
            **{f"{name}-events": printed(events) for name, events in FORGED.items()},
        }
        for name, place in places.items():
            text = text.replace(f"§{name}§", str(place))
        return text

    def state(self):
        """All that is in the folder outside of the answers."""
        return {path.relative_to(self.outside): path.is_file() and path.read_bytes() for path in self.outside.rglob("*")}


@contextmanager
def host(folder, neighbour):
    """A secret in files, in the environment, in the solution and in the copy of another; and a service that notes who calls."""
    for place in ("secret.yml", "solution/answer.yml", "copies/answer.yml"):
        path = folder / "outside" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"secret: {SECRET}\n", encoding="utf-8")
    os.environ["CONTREPOINT_SECRET"] = SECRET
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - the test is about who may reach it
        found = Host(folder, server.getsockname()[1], neighbour)
        threading.Thread(target=_note, args=(server, found.calls), daemon=True).start()
        yield found
    del os.environ["CONTREPOINT_SECRET"]


def _note(server, calls):
    while True:
        try:
            link, caller = server.accept()
        except OSError:
            return
        calls.append(caller)
        link.close()


# -- events that no display has made


def _event(**fields):
    return {"uuid": "0" * 36, "created": "2026-01-01T00:00:00+00:00", "counter": 1} | fields


def _told(event, **data):
    common = {
        "host": "node1",
        "task_uuid": "forged",
        "task": "forged",
        "task_action": "command",
        "resolved_action": "ansible.builtin.command",
    }
    return _event(event=event, event_data=common | data)


FORGED = {
    "forged": [
        _told("playbook_on_task_start", name="forged"),
        _told("runner_on_start"),
        _told("runner_on_async_poll", jid="j777.42"),
        _told("runner_on_async_ok", jid="j777.42", res={"finished": 1, "rc": 0, "ansible_job_id": "j777.42", "cmd": "/bin/sleep 2"}),
        _told("runner_on_ok", res={"finished": 1, "rc": 0, "ansible_job_id": "j777.42", "cmd": "/bin/sleep 2"}),
    ],
    "broken": [
        _event(event="runner_on_ok", event_data=["not", "a", "table"]),
        _told("runner_on_start", host={"a": 1}, task_uuid=[1]),
        _told("runner_on_ok", host="node1", res="text"),
        _told("runner_on_ok", host="node99", res={"rc": "x" * 10000, "msg": {"a": []}}),
        _event(event="runner_on_ok", created="yesterday", event_data={"host": 7}),
    ],
    "wandering": [{"uuid": "../../../../../../../../etc/hostname"}, {"uuid": "../" * 30 + "etc/passwd\0"}],
}


def printed(events):
    """A Python program, on one line and without double quotes, that prints events as ansible-runner's display does."""
    lines = "".join(f"\x1b[K{text}\x1b[{len(text)}D\x1b[K.\x1b[Ke30=\x1b[4D\x1b[K" for text in map(_encoded, events))
    return f"import base64, sys; sys.stdout.write(base64.b64decode('{base64.b64encode(lines.encode()).decode()}').decode())"


def _encoded(event):
    return base64.b64encode(json.dumps(event).encode()).decode()


# -- answers


def answer_to(attack):
    """The files of an answer of attacks.yml: the attack before and after the work, in one play."""
    work = [*WORK] if attack.get("work", True) else []
    if attack.get("kept"):  # the job's file stays
        work = [{"shell": "/bin/sleep 2", "async": 30, "poll": 0, "register": "job"}, {"pause": {"seconds": 4}}]
    play = {"hosts": "all", "gather_facts": False, "tasks": [*attack.get("before", ()), *work, *attack.get("after", ())]}
    if attack.get("prompt"):
        play["vars_prompt"] = [{"name": "answer", "prompt": "?"}]
    return {"answer.yml": yaml.safe_dump([play], width=10**6), **attack.get("files", {})}


def answer_of(attempts):
    """One answer that tries them all: a block for each, which shows what it has found."""
    blocks = [
        {
            "block": [{"set_fact": {"out": ""}}, *tasks],
            "rescue": [{"debug": {"msg": f"stopped <{name}>"}}],
            "always": [{"debug": {"msg": f"<{name}> {FOUND}"}}],
        }
        for name, tasks in attempts.items()
    ]
    tasks = [*blocks, *WORK]
    return {"answer.yml": yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}], width=10**6)}


def write(folder, files):
    """The folder, with these files in it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@dataclass
class Tried:
    """What became of an answer: the grading, what the run printed, and what is left of its lab."""

    graded: object
    said: str
    left: list
    seconds: float

    @property
    def lost(self):
        return {entry.id for entry in self.graded.report.checks if not entry.passed}

    @property
    def outcome(self):
        report = self.graded.report
        return "error" if report.status == "error" else "full" if report.full else "lost"


def attempt(exercise_id, folder, *, runs=1, wall=60):
    """Grade an answer behind walls."""
    found = catalog.find(exercise_id, EXERCISES)
    exercise = found.model_copy(
        update={"lab": found.lab.model_copy(update={"runs": runs}), "limits": found.limits.model_copy(update={"wall": wall})}
    )
    watcher, started = _Watcher(), time.monotonic()
    graded = grade(exercise, folder, watcher, trusted=False)
    return Tried(graded, watcher.said, watcher.left(), time.monotonic() - started)


class _Watcher(Silent):
    def __init__(self):
        self.recordings = []

    def running(self, recording):
        self.recordings.append(recording)

    @property
    def said(self):
        return "\n".join(recording.stdout for recording in self.recordings)

    def left(self):
        """Containers of the lab that still are there, and its folder."""
        labs = {recording.lab._label: recording.lab for recording in self.recordings}
        return [
            thing
            for label, lab in labs.items()
            for thing in (*lab.engine.everything(label), *([lab.directory] if lab.directory.exists() else []))
        ]
