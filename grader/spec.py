"""The format of an exercise: what ``exercise.yml`` may hold, and what is said when it holds something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from grader import yaml_text
from grader.errors import ExerciseError

FILE = "exercise.yml"


class Kind(StrEnum):
    """What an answer is made of."""

    PLAYBOOK = "playbook"  # YAML plays
    ADHOC = "adhoc"  # command lines
    CONFIG = "config"  # a fragment of ansible.cfg, used to run the exercise's own playbook
    VALUE = "value"  # values by name; nothing is run


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Text = Annotated[str, Field(min_length=1)]
Points = Annotated[int | float, Field(gt=0)]
AbsolutePath = Annotated[str, Field(pattern=r"^/.")]
Conditions = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class Strict(BaseModel):
    """A misspelt field is an error: nothing that a teacher writes is silently dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hints(Strict):
    """Three steps towards the solution; each says more than the one before."""

    orient: Text
    point: Text
    show: Text


class Check(Strict):
    """One thing that is judged, as ``ansible.builtin.assert`` would.

    With ``each_node``, conditions and messages are evaluated once for each node, named ``node`` there, and all must pass.
    ``needs`` names an earlier check without which this one means nothing: it is then not examined, and earns nothing.
    """

    id: Slug
    title: Text
    that: Conditions
    points: Points
    success_msg: Text
    fail_msg: Text
    hints: Hints
    each_node: bool = False
    needs: Slug | None = None


class Fault(Strict):
    """Something done to a node, ``after`` seconds counted from the start of ``command`` on that node."""

    kind: Literal["cut"]
    node: Text
    after: Annotated[float, Field(ge=0)]
    command: Text


class Limits(Strict):
    """How long and how large.

    ``wall``: seconds that a run may last. ``linger``: seconds for which jobs that outlive Ansible are still observed.
    ``answer_bytes``: the size of an answer, all its files together.
    """

    wall: Annotated[float, Field(gt=0, le=3600)] = 120
    linger: Annotated[float, Field(ge=0, le=600)] = 30
    answer_bytes: Annotated[int, Field(gt=0, le=10_000_000)] = 1_000_000


class LabPlan(Strict):
    """The lab that an answer runs on, and the files read from every node at the end."""

    nodes: Annotated[int, Field(ge=1, le=20)] = 3
    faults: tuple[Fault, ...] = ()
    files: tuple[AbsolutePath, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"node{number}" for number in range(1, self.nodes + 1))


class Wrong(Strict):
    """A wrong answer kept in ``wrong/<name>/``, and the check that must catch it."""

    caught_by: Slug
    because: Text


class Exercise(Strict):
    """One exercise. ``parameters`` are given to the run as extra variables, and to conditions as ``parameters``."""

    id: Slug
    title: Text
    kind: Kind
    statement: Text
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    limits: Limits = Limits()
    lab: LabPlan = LabPlan()
    playbook: str | None = None
    wrong: Mapping[str, Wrong] = Field(default_factory=dict)
    _folder: Path = PrivateAttr()

    @property
    def folder(self) -> Path:
        """Where the exercise's files are."""
        return self._folder

    @property
    def points(self) -> int | float:
        """Full marks."""
        return sum(check.points for check in self.checks)

    @model_validator(mode="after")
    def _names_hold_together(self) -> Self:
        seen: set[str] = set()
        for position, check in enumerate(self.checks):
            where = f"checks[{position}]"
            if check.id in seen:
                raise ValueError(f"{where}.id : « {check.id} » sert déjà à un autre point ; chaque identifiant est unique")
            if check.needs is not None and check.needs not in seen:
                raise ValueError(f"{where}.needs : « {check.needs} » n'est pas un point placé avant celui-ci")
            seen.add(check.id)
        for position, fault in enumerate(self.lab.faults):
            if fault.node not in self.lab.names:
                raise ValueError(f"lab.faults[{position}].node : « {fault.node} » n'est pas un nœud ; il y a {', '.join(self.lab.names)}")
        for name, wrong in self.wrong.items():
            if wrong.caught_by not in seen:
                raise ValueError(f"wrong.{name}.caught_by : « {wrong.caught_by} » n'est le nom d'aucun point")
        if (self.kind is Kind.CONFIG) != (self.playbook is not None):
            raise ValueError("playbook : à donner pour le genre « config », et pour lui seul")
        return self


def load(folder: Path) -> Exercise:
    """The exercise kept in ``folder``.

    Raises ExerciseError, whose message names each field at fault and says what is expected there.
    """
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ExerciseError(f"Le dossier {folder} ne contient pas de fichier {FILE}.", "Écrivez-le : docs/ecrire-un-exercice.md.") from None
    except UnicodeDecodeError:
        raise ExerciseError(f"{file} n'est pas écrit en UTF-8.", "Enregistrez-le en UTF-8.") from None
    try:
        data = yaml_text.parse(text, str(file))
    except yaml_text.YamlError as error:
        raise ExerciseError(error.message, error.remedy) from None
    try:
        exercise = Exercise.model_validate(data)
    except ValidationError as error:
        problems = " ; ".join(_explain(problem) for problem in error.errors())
        raise ExerciseError(f"{file} : {problems}.", "Le format est décrit dans docs/ecrire-un-exercice.md.") from None
    exercise._folder = folder  # noqa: SLF001 - ours: where it was read from is no part of the format
    if exercise.id != folder.name:
        raise ExerciseError(f"{file} : id : « {folder.name} », le nom du dossier, est attendu.", "Donnez le même nom aux deux.")
    return exercise


_EXPECTED = {
    "missing": "ce champ est obligatoire",
    "extra_forbidden": "ce champ n'existe pas",
    "string_type": "un texte est attendu",
    "string_too_short": "un texte non vide est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "tuple_type": "une liste est attendue",
    "mapping_type": "une table « nom : valeur » est attendue",
    "model_type": "une table « nom : valeur » est attendue",
    "greater_than": "une valeur supérieure à {gt} est attendue",
    "greater_than_equal": "une valeur d'au moins {ge} est attendue",
    "less_than_equal": "une valeur d'au plus {le} est attendue",
    "too_short": "au moins un élément est attendu",
    "enum": "une de ces valeurs est attendue : {expected}",
    "literal_error": "une de ces valeurs est attendue : {expected}",
    "string_pattern_mismatch": "un texte de la forme {pattern} est attendu",
}


def _explain(problem: Any) -> str:
    """One pydantic error in French, with the field's path as a teacher would look for it: ``checks[1].points``."""
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    # A union adds its members' names to the path ("int", "float"): they are no fields.
    steps = [step for step in problem["loc"] if step not in {"int", "float"}]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    context = {key: re.sub(r"\bor\b", "ou", str(value)) for key, value in problem.get("ctx", {}).items()}
    return f"{path or 'le fichier'} : {_EXPECTED.get(problem['type'], problem['msg']).format(**context)}"
