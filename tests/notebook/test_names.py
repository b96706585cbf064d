"""What a lesson imports: all there, and nothing heavy loaded before it is used."""

import subprocess
import sys

import pytest

import labs.notebook


@pytest.mark.parametrize("name", labs.notebook.__all__)
def test_each_name_is_a_function_however_often_it_is_imported(name):
    assert callable(getattr(labs.notebook, name))
    assert getattr(labs.notebook, name) is getattr(labs.notebook, name)


def test_importing_the_package_loads_no_widget():
    code = "import labs.notebook, sys; sys.exit('ipywidgets' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError):
        _ = labs.notebook.chronometre
