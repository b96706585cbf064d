"""Answers that look alike more than answers do by themselves: a hint for a human look, and never a verdict."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

RUN = 4  # words that make a fingerprint together
MOST = 5000  # words of an answer that are looked at
LEAST = 12  # fingerprints below which an answer is too short to look like another
ALIKE = 0.8  # of their rare fingerprints in common
COMMON = 0.5  # of all answers: what that many write is the expected answer, and says nothing
LEAST_COMMON = 4  # answers below which nothing is called common
_WORD = re.compile(r"\w+|[^\w\s]")

Prints = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Alike:
    """A group of copies; ``share`` is the least that two of its linked members have in common, from 0 to 1."""

    members: tuple[str, ...]
    share: float


def normalised(text: str) -> str:
    """The text in lower case, with single spaces: what one sees to be the same."""
    return " ".join(text.casefold().split())


def groups(answers: Mapping[str, str], start: str = "") -> list[Alike]:
    """Groups of near-identical answers, by name. ``start``: what all of them began with, which does not count."""
    given = _prints(start)
    prints = {name: _prints(text) - given for name, text in answers.items()}
    long_enough = {name: found for name, found in prints.items() if len(found) >= LEAST}
    counts = Counter(print_ for found in long_enough.values() for print_ in found)
    most = max(LEAST_COMMON, COMMON * len(long_enough))
    rare = {name: frozenset(print_ for print_ in found if counts[print_] < most) for name, found in long_enough.items()}
    links = {
        (one, other): share
        for one, other in combinations(sorted(long_enough), 2)
        if (share := _share(long_enough[one], long_enough[other], rare[one], rare[other])) >= ALIKE
    }
    return _joined(links)


def _prints(text: str) -> Prints:
    words = [found[0] for found in islice(_WORD.finditer(text.casefold()), MOST)]
    return frozenset(tuple(words[place : place + RUN]) for place in range(len(words) - RUN + 1))


def _share(one: Prints, other: Prints, rare_one: Prints, rare_other: Prints) -> float:
    """What two answers have in common of what few others have; 1 when they are the same altogether."""
    if one == other:
        return 1.0
    if min(len(rare_one), len(rare_other)) < LEAST:
        return 0.0
    return len(rare_one & rare_other) / len(rare_one | rare_other)


def _joined(links: Mapping[tuple[str, str], float]) -> list[Alike]:
    """Linked pairs that share a member make one group."""
    home: dict[str, str] = {}

    def root(name: str) -> str:
        while home.setdefault(name, name) != name:
            name = home[name]
        return name

    for one, other in links:
        home[root(one)] = root(other)
    members: dict[str, list[str]] = defaultdict(list)
    for name in home:
        members[root(name)].append(name)
    shares = {group: min(share for (one, _), share in links.items() if root(one) == group) for group in members}
    found = [Alike(tuple(sorted(names)), shares[group]) for group, names in members.items()]
    return sorted(found, key=lambda alike: (-alike.share, alike.members))


def most_frequent(answers: Sequence[tuple[str, str]], least: int = 2) -> list[tuple[str, list[str]]]:
    """Texts that several copies hold, give or take spaces and capitals, the most frequent first; ``answers``: names and texts."""
    names: dict[str, list[str]] = defaultdict(list)
    shown: dict[str, str] = {}
    for name, text in answers:
        key = normalised(text)
        names[key].append(name)
        shown.setdefault(key, text)
    frequent = [(shown[key], sorted(who)) for key, who in names.items() if len(who) >= least]
    return sorted(frequent, key=lambda found: (-len(found[1]), found[0]))
