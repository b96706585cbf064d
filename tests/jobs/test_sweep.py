"""What is ended with a run, and what is not."""

from __future__ import annotations

import os
import shutil
import subprocess

from labs.jobs import sweep


def test_the_monitor_of_a_container_is_left_to_its_engine(tmp_path):
    """Podman 5 cannot remove a container whose monitor was killed, and a copy that should lose its points was not judged."""
    monitor = shutil.copy(shutil.which("sleep"), tmp_path / "conmon")
    marked = os.environ | {sweep.MARKER: "essai"}
    with subprocess.Popen([monitor, "60"], env=marked) as watching, subprocess.Popen(["sleep", "60"], env=marked) as working:
        try:
            assert sweep.kill_controller("essai") == 1
            working.wait(10)
            assert watching.poll() is None
        finally:
            watching.kill()
            working.kill()
