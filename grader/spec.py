"""The format of an exercise: what ``exercise.yml`` may hold, and what is said when it holds something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from grader import fields, parameters
from grader.errors import ExerciseError
from labs import yaml_text
from labs.inventory import node_names
from labs.timeline import store
from labs.timeline.model import Timeline

FILE = "exercise.yml"
MOST_RUNS = 3
Model = TypeVar("Model", bound=BaseModel)


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
Points = Annotated[int | float, Field(gt=0, json_schema_extra={"exclusiveMinimum": 0})]  # which a union does not tell by itself
AbsolutePath = Annotated[str, Field(pattern=r"^/.")]
FileName = Annotated[str, Field(pattern=r"^[^/.][^/]*$")]
Draws = Mapping[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Annotated[tuple[Any, ...], Field(min_length=2)]]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Conditions = Annotated[Texts, BeforeValidator(_as_tuple, json_schema_input_type=Text | Texts)]


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
    """The lab that an answer runs on, and the files read from every node after each run.

    ``prepare``: a playbook of the exercise's folder, run first. ``runs``: how many times in a row a playbook is run.
    ``commands``: the least and the most command lines of an ``adhoc`` answer, each of which is one run.
    """

    nodes: Annotated[int, Field(ge=1, le=20)] = 3
    prepare: FileName | None = None
    runs: Annotated[int, Field(ge=1, le=MOST_RUNS)] = 1
    commands: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 1)
    faults: tuple[Fault, ...] = ()
    files: tuple[AbsolutePath, ...] = ()

    @property
    def needs_containers(self) -> bool:
        """Whether each node must have files of its own, beyond its user's home."""
        return bool(self.files)

    @property
    def names(self) -> tuple[str, ...]:
        return node_names(self.nodes)


class ValueField(Strict):
    """A value that a learner gives, and how it is called on screen."""

    label: Text
    type: Literal["number", "text", "choice"]
    choices: tuple[Text, ...] = ()
    unit: str = ""


class Wrong(Strict):
    """A wrong answer kept in ``wrong/<name>/``, and the check that must catch it."""

    caught_by: Slug
    because: Text


class Variables(BaseModel):
    """What the rest of the file may name: ``parameters``, the same for all, and ``drawn``, one value for each learner."""

    model_config = ConfigDict(frozen=True)

    parameters: Mapping[str, Any] = Field(default_factory=dict)
    drawn: Draws = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        if twice := set(self.parameters) & set(self.drawn):
            raise ValueError(f"drawn : « {min(twice)} » est déjà le nom d'un paramètre")
        return self


class Exercise(Strict):
    """One exercise, as one learner has it.

    ``parameters``, the drawn values among them, are given to the run as extra variables, and to conditions as ``parameters``.
    """

    id: Slug
    title: Text
    kind: Kind
    statement: Text
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    drawn: Draws = Field(default_factory=dict)
    limits: Limits = Limits()
    lab: LabPlan = LabPlan()
    playbook: FileName | None = None
    run: FileName | None = None
    fields: Mapping[str, ValueField] = Field(default_factory=dict)
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

    def start(self, name: str) -> str:
        """What a learner finds in the answer's file ``name``: the exercise's own beginning, or nothing."""
        file = self.folder / "start" / name
        return parameters.fill(file.read_text(encoding="utf-8"), self.parameters, file) if file.is_file() else ""

    def beside(self, name: str) -> dict[str, str]:
        """The other files that a learner begins with, by path from the folder that holds the answer's file ``name``."""
        start = self.folder / "start"
        files = [file.relative_to(start).as_posix() for file in sorted(start.rglob("*")) if file.is_file()]
        return {file: self.start(file) for file in files if file != name}

    def keeps(self, answer: Path) -> bool:
        """Whether an answer is one of those that this exercise keeps."""
        return answer.resolve().is_relative_to(self.folder.resolve())

    def recorded(self) -> Timeline | None:
        """The recorded run that a ``value`` exercise is about, if any. Raises LabError when it cannot be read."""
        return store.read(self.folder / self.run) if self.run else None

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

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        least, most = self.lab.commands
        if least > most:
            raise ValueError("lab.commands : le plus petit nombre de commandes vient d'abord")
        if most > 1 and self.kind is not Kind.ADHOC:
            raise ValueError("lab.commands : à donner pour le genre « adhoc » seul")
        if self.lab.runs > 1 and self.kind not in {Kind.PLAYBOOK, Kind.CONFIG}:
            raise ValueError("lab.runs : à donner pour les genres « playbook » et « config » seuls")
        if (self.run or self.fields) and self.kind is not Kind.VALUE:
            raise ValueError("run, fields : à donner pour le genre « value » seul")
        for name, field in self.fields.items():
            if (field.type == fields.CHOICE) != (len(field.choices) > 1):
                raise ValueError(f"fields.{name}.choices : à donner pour le type « choice », et pour lui seul ; deux choix au moins")
        return self


def load(folder: Path, learner: str | None = None) -> Exercise:
    """The exercise kept in ``folder``, with the values drawn for ``learner``, the first of each for nobody in particular.

    Raises ExerciseError, whose message names each field at fault and says what is expected there.
    """
    file = folder / FILE
    text = _text(file)
    given = _valid(Variables, text, file)
    values = {**given.parameters, **parameters.draw(folder.name, learner, given.drawn)}
    exercise = _valid(Exercise, parameters.fill(text, values, file), file).model_copy(update={"parameters": values})
    exercise._folder = folder  # noqa: SLF001 - ours: where it was read from is no part of the format
    if exercise.id != folder.name:
        raise ExerciseError(f"{file} : id : « {folder.name} », le nom du dossier, est attendu.", "Donnez le même nom aux deux.")
    for name in (exercise.playbook, exercise.lab.prepare, exercise.run):
        if name and not (folder / name).is_file():
            raise ExerciseError(f"{file} nomme {name}, qui n'est pas dans son dossier.", "Ajoutez ce fichier, ou corrigez son nom.")
    return exercise


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ExerciseError(
            f"Le dossier {file.parent} ne contient pas de fichier {FILE}.", "Écrivez-le : docs/ecrire-un-exercice.md."
        ) from None
    except UnicodeDecodeError:
        raise ExerciseError(f"{file} n'est pas écrit en UTF-8.", "Enregistrez-le en UTF-8.") from None


def _valid(model: type[Model], text: str, file: Path) -> Model:
    try:
        return model.model_validate(yaml_text.parse(text, str(file)))
    except yaml_text.YamlError as error:
        raise ExerciseError(error.message, error.remedy) from None
    except ValidationError as error:
        problems = " ; ".join(_explain(problem) for problem in error.errors())
        raise ExerciseError(f"{file} : {problems}.", "Le format est décrit dans docs/ecrire-un-exercice.md.") from None


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
    "too_short": "une longueur d'au moins {min_length} est attendue",
    "too_long": "une longueur d'au plus {max_length} est attendue",
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
