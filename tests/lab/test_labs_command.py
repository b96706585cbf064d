"""The ``labs`` command: what it writes, what it says, and the code it ends with. 0: all went well; 1: the run did not; 2: bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import pexpect
import pytest
from timeline import samples

from labs import cli, cli_run
from labs.paths import ROOT
from labs.timeline import store

NBSP = "\u00a0"
CLOCKS = 0.05  # seconds by which two readings of one machine's clock may disagree


@pytest.fixture
def labs(monkeypatch, capsys):
    """Run ``labs`` in this process: its exit code, its output, its errors."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["labs", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.fixture
def kept(tmp_path):
    """Two runs in files."""
    for make in (samples.batches, samples.polled):
        store.save(make(), tmp_path / f"{make.__name__}.json")
    return tmp_path


def refused(ended):
    """Nothing but a sentence, and what to do."""
    code, out, err = ended
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert 1 <= len(err.splitlines()) <= 2
    return err


# -- runs that cannot be ------------------------------------------------------------------------------------------------


def test_a_playbook_that_is_not_there(labs, tmp_path):
    assert "n’existe pas" in refused(labs("run", tmp_path / "rien.yml"))
    assert "n’est pas un fichier" in refused(labs("run", tmp_path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- hosts: [node1\n  tasks: []\n", "n’est pas du YAML lisible, à la ligne 2"),
        (b"- hosts: all\n tasks: []\n", "n’est pas du YAML lisible, à la ligne 2"),
        (b"", "n’est pas un playbook"),
        (b"du texte\n", "n’est pas un playbook"),
        (b"hosts: all\n", "n’est pas un playbook"),
        (b"- hosts: \xff\xfe\n", "n’est pas du texte en UTF-8"),
        (b"\x00\x01", "n’est pas du YAML lisible"),
    ],
)
def test_a_playbook_that_is_none(labs, tmp_path, content, said):
    path = tmp_path / "faux.yml"
    path.write_bytes(content)
    assert said in refused(labs("run", path))


def test_playbooks_of_the_house_pass():
    for path in (ROOT / "playbooks").glob("*.yml"):
        cli_run.check_playbook(path)


def test_a_tag_that_only_ansible_knows_passes(tmp_path):
    path = tmp_path / "secret.yml"
    path.write_text("- hosts: all\n  vars: {mot: !vault 'x', brut: !unsafe '{{ x }}'}\n")
    cli_run.check_playbook(path)


@pytest.mark.parametrize("option", ["--figure", "--timeline"])
def test_files_that_could_not_be_written_are_refused_before_the_run(labs, tmp_path, option):
    playbook = ROOT / "playbooks" / "synchrone.yml"
    assert "n’existe pas" in refused(labs("run", playbook, option, tmp_path / "nulle-part" / "t.svg"))
    assert "est un dossier" in refused(labs("run", playbook, option, tmp_path))
    assert "n’existe pas" in refused(labs("adhoc", "all", "-m", "ping", option, tmp_path / "nulle-part" / "t.svg"))


def test_a_picture_of_an_unknown_kind(labs, tmp_path):
    err = refused(labs("run", ROOT / "playbooks" / "synchrone.yml", "--figure", tmp_path / "t.gif"))
    assert ".svg" in err


def test_a_lab_that_is_not_up(labs):
    refused(labs("adhoc", "all", "-m", "ping", "--name", "jamais-vu"))


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        (["run"], "il manque PLAYBOOK", "labs run"),
        (["timeline", "compar"], "la commande « compar » n’existe pas (vouliez-vous dire compare ?)", "labs timeline"),
        (["watch", "--fenetre", "1"], "--fenetre doit être d’au moins 5", "labs watch"),
        (["up", "--nodes", "trois"], "--nodes doit être un nombre entier", "labs up"),
        (["cut", "node1", "--after", "bientôt"], "--after doit être un nombre", "labs cut"),
        (["up", "node1"], "« node1 » est de trop", "labs up"),
        (["status", "--jsn"], "l’option --jsn n’existe pas", "labs status"),
        (["status", "--name"], "l’option --name attend une valeur", "labs"),
        (["up", "--internet=oui"], "l’option --internet n’attend pas de valeur", "labs"),
    ],
)
def test_a_command_badly_written(labs, words, problem, remedy):
    said = refused(labs(*words)).replace(NBSP, " ")
    assert said == f"La commande est incomplète ou mal écrite : {problem}. « {remedy} --help » montre comment l’écrire.\n"


@pytest.mark.parametrize("words", [["--help"], ["timeline", "--help"], ["watch", "--help"], ["image", "save", "--help"]])
def test_help_is_in_french(labs, words):
    code, said, _ = labs(*words)
    assert code == 0
    assert "Montrer cette aide." in said
    assert not re.search("Show|Commands|required|default:|path|<str|ARGS", said)


def test_a_group_without_a_command_shows_its_help(labs):
    assert labs("timeline")[2] == labs("timeline", "--help")[1]


@pytest.mark.parametrize("words", [["adhoc"], ["adhoc", "all", "-Z"]])
def test_a_command_that_lacks_something(labs, words):
    code, _, err = labs(*words)
    assert code == 2
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("stdout", "patterns"),
    [
        ("", []),
        ("node1 | SUCCESS", []),
        ("[WARNING]: Could not match supplied host pattern, ignoring: node9\n[WARNING]: No hosts matched, nothing to do", ["node9"]),
        ("[WARNING]: Could not match supplied host pattern, ignoring:\nun-nom-bien-long\nPLAY", ["un-nom-bien-long"]),
        ("ok\n[WARNING]: Could not match supplied host pattern, ignoring: a\n" * 2, ["a"]),
        ("msg: [WARNING]: Could not match supplied host pattern, ignoring: cité", []),
    ],
)
def test_patterns_without_a_host(stdout, patterns):
    assert cli_run.unmatched(stdout) == patterns


# -- labs timeline ------------------------------------------------------------------------------------------------------


def test_show(labs, kept):
    code, out, _ = labs("timeline", "show", kept / "batches.json")
    assert code == 0
    assert "Lots de deux, délai par défaut" in out
    assert f"28,4{NBSP}s" in out
    assert out.count("réussi ✓") == 15
    assert "Exécution du 24" in out


def test_compare(labs, kept):
    code, out, _ = labs("timeline", "compare", kept / "batches.json", kept / "polled.json", "--figure", kept / "c.svg")
    assert code == 0
    assert "A · batches" in out
    assert f"B par rapport à A{NBSP}: 18,4{NBSP}s de moins, dont" in out
    assert ET.parse(kept / "c.svg").getroot().tag.endswith("svg")  # noqa: S314 -- written a moment ago


def test_compare_for_a_program(labs, kept):
    code, out, _ = labs("timeline", "compare", "--json", kept / "batches.json", kept / "polled.json")
    first, second = json.loads(out)["runs"]
    assert code == 0
    assert first["makespan"] == 28.4
    assert sum(second["causes"].values()) == pytest.approx(second["makespan"])
    assert sum(second["difference"]["causes"].values()) == pytest.approx(second["makespan"] - first["makespan"])


def test_files_of_one_name_are_told_apart(labs, kept):
    (kept / "autre").mkdir()
    store.save(samples.sync(), kept / "autre" / "batches.json")
    _, out, _ = labs("timeline", "compare", "--json", kept / "batches.json", kept / "autre" / "batches.json")
    assert len({run["name"] for run in json.loads(out)["runs"]}) == 2


def test_export(labs, kept):
    code, _, _ = labs("timeline", "export", kept / "polled.json", "--csv", kept / "t.csv", "--figure", kept / "t.png")
    assert code == 0
    assert (kept / "t.png").read_bytes().startswith(b"\x89PNG")
    lines = list(csv.DictReader((kept / "t.csv").read_text(encoding="utf-8").splitlines()))
    assert [line["Nœud"] for line in lines] == ["node1", "node2", "node3"]
    assert lines[0]["Débuté (s)"] == "1.950"
    assert lines[0]["Sondages"] == "3"


def test_export_for_a_spreadsheet_in_french(labs, kept):
    labs("timeline", "export", kept / "polled.json", "--csv", kept / "t.csv", "--virgule")
    text = (kept / "t.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")  # or else « Nœud » would be read as Latin-1
    lines = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter=";"))
    assert lines[0]["Débuté (s)"] == "1,950"
    assert lines[0]["État"] == "réussi"


def test_export_to_the_screen(labs, kept):
    code, out, _ = labs("timeline", "export", kept / "polled.json", "--csv", "-")
    assert code == 0
    assert len(list(csv.reader(io.StringIO(out)))) == 4


def test_a_label_is_text_for_a_spreadsheet(labs, kept):
    document = json.loads((kept / "polled.json").read_text())
    for job, label in zip(document["jobs"], ['=1+1 "x"; y', "a,b", "-n"], strict=True):
        job["label"] = label
    (kept / "polled.json").write_text(json.dumps(document))
    for mark, option in ((",", []), (";", ["--virgule"])):
        _, out, _ = labs("timeline", "export", kept / "polled.json", "--csv", "-", *option)
        assert [line["Job"] for line in csv.DictReader(io.StringIO(out), delimiter=mark)] == ['\'=1+1 "x"; y', "a,b", "'-n"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Impossible de lire"),
        ("", "n’est pas du JSON"),
        ("{}", "n’est pas une chronologie"),
        ("[1]", "n’est pas une chronologie"),
        ('{"format": "contrepoint/timeline", "version": 99}', "de version 99"),
        ('{"format": "contrepoint/timeline", "version": 1}', "Chronologie illisible"),
    ],
)
def test_files_that_are_no_timeline(labs, kept, content, said):
    path = kept / "faux.json"
    if content is not None:
        path.write_text(content)
    for words in (["show", path], ["compare", kept / "polled.json", path], ["export", path, "--csv", "-"]):
        err = refused(labs("timeline", *words))
        assert said in err
        assert str(path) in err


def test_comparisons_that_cannot_be(labs, kept):
    one = kept / "polled.json"
    assert "de 2 à 6 exécutions" in refused(labs("timeline", "compare", one))
    assert "de 2 à 6 exécutions" in refused(labs("timeline", "compare", *[one] * 7))
    assert "Format d’image inconnu" in refused(labs("timeline", "compare", one, one, "--figure", kept / "x.gif"))
    assert "Impossible d’écrire" in refused(labs("timeline", "compare", one, one, "--figure", kept / "nulle-part" / "x.png"))


def test_exports_that_cannot_be(labs, kept):
    one = kept / "polled.json"
    assert "Rien à exporter" in refused(labs("timeline", "export", one))
    assert "Impossible d’écrire" in refused(labs("timeline", "export", one, "--csv", kept / "nulle-part" / "x.csv"))
    assert "Format d’image inconnu" in refused(labs("timeline", "export", one, "--figure", kept / "x"))


def test_help_loads_nothing_heavy():
    seen = "import sys, labs.cli; print([name for name in ('matplotlib', 'numpy', 'ansible_runner', 'IPython', 'pydantic') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout.strip() == "[]"


# -- real runs ----------------------------------------------------------------------------------------------------------


@pytest.mark.lab
def test_batches_leave_files_that_a_program_can_read(labs, fresh_lab, tmp_path):
    code, out, _ = labs(
        "run", ROOT / "playbooks" / "batch_control.yml", "--name", fresh_lab.name,
        "--timeline", tmp_path / "t.json", "--figure", tmp_path / "t.svg",
    )  # fmt: skip
    assert code == 0
    assert "PLAY RECAP" in out
    assert "sondages" in out.splitlines()[-1]  # the summary
    document = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    totals = document["totals"]
    assert totals["jobs"] == len(document["jobs"]) == 15
    assert totals["states"] == {"succeeded": 15}
    assert totals["polls"] == len(document["polls"]) >= 15  # each end was found by a look of its own
    assert sum(poll["finished"] for poll in document["polls"]) == 15
    for node in fresh_lab.nodes:
        batches_in_order(sorted((job for job in document["jobs"] if job["host"] == node), key=lambda job: job["start"]))
        assert totals["polls_by_host"][node] >= 5
    assert ET.parse(tmp_path / "t.svg").getroot().tag.endswith("svg")  # noqa: S314 -- written a moment ago
    assert store.read(tmp_path / "t.json").status == "successful"


def batches_in_order(jobs):
    """1 and 2, then 3 and 4, then 5: none is launched before all of the batch before have ended, so never three at once."""
    assert [job["command"] for job in jobs] == [["/bin/sleep", str(seconds)] for seconds in (1, 2, 3, 4, 5)]
    for before, after in pairwise((jobs[:2], jobs[2:4], jobs[4:])):
        assert max(job["end"] for job in before) <= min(job["launched"] for job in after) + CLOCKS
    for job in jobs:
        assert job["end"] - job["start"] >= int(job["command"][1]) - CLOCKS
        assert job["launched"] <= job["start"] + CLOCKS
        assert job["detected"] >= job["end"] - CLOCKS


@pytest.mark.lab
def test_an_ad_hoc_command(labs, lab, tmp_path):
    code, out, err = labs("adhoc", "--name", lab.name, "--timeline", tmp_path / "t.json", "all", "-m", "ansible.builtin.ping")
    assert (code, err) == (0, "")
    assert out.count("SUCCESS") == 3
    assert store.read(tmp_path / "t.json").title == "ansible all -m ansible.builtin.ping"


@pytest.mark.lab
@pytest.mark.parametrize(("pattern", "answers"), [("node9", 0), ("node1:node9", 1)])
def test_a_host_that_is_not_there_is_said(labs, lab, pattern, answers):
    """Ansible itself ends well: it only warns."""
    code, out, err = labs("adhoc", "--name", lab.name, pattern, "-m", "ansible.builtin.ping")
    assert code == 1
    assert out.count("SUCCESS") == answers
    assert err.startswith(f"Aucun nœud ne correspond à «{NBSP}node9{NBSP}»")
    assert "node1, node2 et node3" in err


@pytest.mark.lab
def test_a_play_on_hosts_that_are_not_there(labs, lab, tmp_path):
    path = tmp_path / "ailleurs.yml"
    path.write_text("- hosts: serveurs\n  gather_facts: false\n  tasks: [{ansible.builtin.ping: }]\n")
    code, _, err = labs("run", path, "--name", lab.name)
    assert code == 1
    assert f"«{NBSP}serveurs{NBSP}»" in err


@pytest.mark.lab
def test_a_run_that_fails(labs, lab):
    code, out, err = labs("adhoc", "--name", lab.name, "node1", "-a", "/bin/false")
    assert code == 1
    assert "1 job en échec" in out.replace(NBSP, " ")
    assert err == ""


def spawned(lab, *words):
    command = ["-c", "from labs.cli import main; main()", words[0], "--name", lab.name, *words[1:]]
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    return pexpect.spawn(sys.executable, command, cwd=str(ROOT), env=environment, encoding="utf-8", dimensions=(30, 100), timeout=60)


@pytest.mark.lab
def test_a_terminal_sees_the_bars_grow(lab):
    child = spawned(lab, "adhoc", "all", "-B", "60", "-P", "1", "-a", "/bin/sleep 3")
    child.expect("SUCCESS|CHANGED")
    live = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    rows = [line for line in live.splitlines() if "sleep 3" in line]
    assert len({line.count("█") for line in rows}) > 5
    final = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before)
    assert final.count("✓") == 3
    assert "sondages" in final


@pytest.mark.lab
def test_ctrl_c_ends_the_run_and_its_jobs(lab):
    child = spawned(lab, "adhoc", "all", "-B", "300", "-P", "5", "-a", "/bin/sleep 241")
    child.expect("sleep 241.*sleep 241.*sleep 241")
    child.expect("█")
    child.sendintr()
    child.expect("Interruption")
    child.expect("annulé après")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert all(lab.execute(node, ["pgrep", "-f", "^/bin/sleep 241"]).returncode for node in lab.nodes)
