"""Whether a busy machine changes a verdict: every answer that the exercises keep, graded several times while both cores are taken.

Each answer has to get what is expected of it each time: the right ones all the points, a wrong one everything but the point that it must
lose. A flip is an answer that got something else at least once.

    python benchmarks/verdicts.py [--times 5] [--busy CORES] [--jobs 2] [--answers solution wrong] [--sample] [--file PROOFS.jsonl] [ID ...]

``--busy`` processes compute without end beside the gradings (as many as there are cores, if not told otherwise); with none, enough ``--jobs``
take both cores by themselves. ``--answers``: only those whose names begin so. ``--sample`` takes the answers that ./check takes. With ``--file``
what was proved before is kept, and not proved again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader import catalog, proof

BURN = "while True: pass"


def main() -> None:
    options = _options()
    choose = proof.sample if options.sample else proof.cases
    cases = [
        case for name in options.ids or catalog.ids() for case in choose(catalog.find(name)) if case.name.startswith(tuple(options.answers))
    ]
    kept = _kept(options.file)
    done = Counter((entry["exercise"], entry["answer"]) for entry in kept)
    with _busy(options.busy):
        for turn in range(1, options.times + 1):
            owed = [case for case in cases if done[case.exercise.id, case.name] < turn]
            for found in proof.prove_all(owed, options.jobs):
                kept.append(_noted(found, options.file))
    _report(kept)


@contextmanager
def _busy(cores: int) -> Iterator[None]:
    """That many processes that compute, at the priority of the gradings themselves."""
    burning = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def _kept(file: Path | None) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file and file.exists() else []


def _noted(found: proof.Proof, file: Path | None) -> dict[str, object]:
    entry: dict[str, object] = {
        "exercise": found.case.exercise.id,
        "answer": found.case.name,
        "problem": found.problem,
        "seconds": round(found.seconds, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    if file:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
    print(f"{time.strftime('%H:%M:%S')} {entry['exercise']} {entry['answer']}: {entry['problem'] or 'comme attendu'}", flush=True)
    return entry


def _report(kept: list[dict[str, object]]) -> None:
    flips = [entry for entry in kept if entry["problem"]]
    answers = {(entry["exercise"], entry["answer"]) for entry in kept}
    loads = sorted(float(str(entry["load"])) for entry in kept)
    print(f"\n{len(kept)} gradings of {len(answers)} answers, load {loads[0]} to {loads[-1]}: {len(flips)} flip(s)")
    for entry in flips:
        print(f"  {entry['exercise']} {entry['answer']}: {entry['problem']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", help="the exercises, all when none is named")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--answers", nargs="+", default=[""])
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--file", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
