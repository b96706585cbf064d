"""Made by hand: a small exercise that needs no lab, and runs as nodes would have shown them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import yaml

from grader.checks import AnswerRun, NodeFile, Observed
from labs.evidence.records import ProcessRun
from labs.timeline.model import Job, Mode, State, Timeline

VALUE = {
    "id": "deux-nombres",
    "title": "Deux nombres",
    "kind": "value",
    "statement": "Donnez `a` et `b`, dont la somme fait 5.",
    "checks": [
        {
            "id": "presents",
            "title": "Les deux nombres sont donnés",
            "that": ["'a' in answer.data", "'b' in answer.data"],
            "points": 1,
            "success_msg": "a et b sont là.",
            "fail_msg": "Il manque un nombre : {{ answer.data.keys() | listing }} seulement.",
            "hints": {"orient": "Relisez.", "point": "Il en faut deux.", "show": "a : 2, b : 3."},
        },
        {
            "id": "somme",
            "title": "Leur somme est juste",
            "that": "answer.data.a + answer.data.b == 5",
            "points": 1.5,
            "needs": "presents",
            "success_msg": "La somme fait 5.",
            "fail_msg": "La somme fait {{ answer.data.a + answer.data.b }} ; 5 est attendu.",
            "hints": {"orient": "Comptez.", "point": "2 et combien ?", "show": "2 et 3."},
        },
    ],
}


def write_exercise(root, data):
    folder = root / data["id"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exercise.yml").write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


NODES = ("node1", "node2", "node3")


def background(host, start=1.0, end=9.1, jid="j77"):
    """The processes of one asynchronous job whose shell runs ``/bin/sleep 8``."""
    wrapper = ("/usr/bin/python3", "/root/.ansible/tmp/x/async_wrapper.py", jid, "30", "/root/.ansible/tmp/x/AnsiballZ_command.py", "_")
    return (
        ProcessRun(host, 20, 1, ("sshd: root@pts/0",), start - 0.8, None),
        ProcessRun(host, 30, 20, wrapper, start - 0.3, start - 0.1),
        ProcessRun(host, 31, 30, wrapper, start - 0.2, end),
        ProcessRun(host, 32, 31, ("/usr/bin/python3", "/root/.ansible/tmp/x/AnsiballZ_command.py"), start - 0.1, end),
        ProcessRun(host, 33, 32, ("/bin/sh", "-c", "/bin/sleep 8 && echo fini > /tmp/termine"), start, end),
        ProcessRun(host, 34, 33, ("/bin/sleep", "8"), start, end and end - 0.1),
    )


def module(host, start, end, pid=60):
    """A module that Ansible runs in its SSH session."""
    return ProcessRun(host, pid, 20, ("/usr/bin/python3", "/root/.ansible/tmp/y/AnsiballZ_async_status.py"), start, end)


def job(host, start=1.0, end=9.1, **other):
    return Job(
        **{
            "id": "j77.30",
            "host": host,
            "mode": Mode.POLLED,
            "module": "command",
            "label": "/bin/sleep 8",
            "limit": 30.0,
            "start": start,
            "end": end,
            "state": State.SUCCEEDED,
        }
        | other
    )


@dataclass
class Story:
    """What was observed in a run of sync-coupure that went well; a test changes one thing of it."""

    timeline: Timeline
    processes: list[ProcessRun]
    files: dict[str, dict[str, NodeFile | None]]

    @property
    def observed(self):
        return Observed({"text": "", "data": []}, {}, (AnswerRun(self.timeline, tuple(self.processes), self.files),))

    def on(self, host, *processes):
        """Put these processes in the place of a node's own."""
        self.processes = [process for process in self.processes if process.host != host] + list(processes)

    def with_jobs(self, *jobs):
        self.timeline = replace(self.timeline, jobs=jobs)
