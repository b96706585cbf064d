"""Python on a node keeps what it compiles of Ansible's modules, as it does of any library that is installed.

A module comes as an archive of sources, and Python compiles all that it takes from an archive each time: half of what a look at a job costs.
This file is the node's ``sitecustomize``, which Python reads when it starts; without it (-S), or where nothing can be kept, all goes as before.
"""

import marshal
import os
import sys
import zipimport
from types import CodeType

KEPT = "/var/cache/contrepoint/" + sys.implementation.cache_tag  # root's: nobody else puts there what root would run


class ModuleArchive(zipimport.zipimporter):
    """The archive of an Ansible module, which holds sources alone."""

    def __init__(self, path: str) -> None:
        if "_payload" not in path:
            raise zipimport.ZipImportError("not an archive of Ansible's", path=path)
        super().__init__(path)

    def get_filename(self, fullname: str) -> str:
        # Python 3.11's own compiles the module to know this, and drops the outcome.
        stem = os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2])
        return os.path.join(stem, "__init__.py") if self.is_package(fullname) else stem + ".py"

    def get_code(self, fullname: str) -> CodeType:
        from importlib.util import source_hash  # the module is about to take it in, if anything here runs at all

        kept = f"{KEPT}/{fullname}-{source_hash(self.get_data(self.get_filename(fullname))).hex()}"
        try:
            with open(kept, "rb") as file:
                code: CodeType = marshal.load(file)  # noqa: S302 - what root kept there
                return code
        except (OSError, EOFError, ValueError, TypeError):
            code = super().get_code(fullname)
            _keep(code, kept)
            return code


def _keep(code: CodeType, path: str) -> None:
    """Whole or not at all: another module may be reading, and this one may be killed."""
    mine = f"{path}.{os.getpid()}"
    try:
        os.makedirs(KEPT, mode=0o755, exist_ok=True)
        with open(mine, "wb") as file:
            marshal.dump(code, file)
        os.replace(mine, path)
    except OSError:
        pass  # another user than root, a full disk: compiled once more the next time


sys.path_hooks.insert(0, ModuleArchive)
