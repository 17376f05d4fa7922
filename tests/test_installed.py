"""What is tested is what was installed, the compiled kernels included."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import dissector
from dissector import kernel


def installed():
    """Return the installed distribution; skip where the tests run on the source tree on purpose."""
    try:
        found = distribution("dissector")
    except PackageNotFoundError:
        pytest.skip("dissector is not installed here: the source tree is tested")
    told = json.loads(found.read_text("direct_url.json") or "{}")
    if told.get("dir_info", {}).get("editable"):
        pytest.skip("dissector is installed editable: the source tree is tested")
    return found


def test_the_package_is_the_installed_one():
    installed()
    assert Path(sysconfig.get_path("platlib")) in Path(dissector.__file__).parents


def test_the_kernels_are_compiled_where_there_is_a_compiler():
    installed()
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("there is no C compiler here")
    assert kernel.BACKEND == "compiled"


def test_both_back_ends_are_there():
    assert not any(kernel.interpreted(name).COMPILED for name in kernel.KERNELS)


@pytest.mark.parametrize(
    "command", ["read", "lookup", "decode", "summary", "export", "query", "sniff", "ping", "trace"]
)
def test_every_command_is_there(command):
    installed()
    script = Path(sysconfig.get_path("scripts"), "dissector")
    done = subprocess.run([script, command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(f"Usage: dissector {command} ")


def test_the_version_is_said_once():
    assert installed().version == dissector.__version__


def test_every_public_name_is_there():
    assert dissector.__all__[0] == "__version__"
    for name in dissector.__all__:
        assert getattr(dissector, name) is not None, name
    assert set(dissector.__all__) == set(dir(dissector))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dissector.nothing  # noqa: B018 - the access is what fails


def test_a_function_is_not_hidden_by_the_module_that_holds_it():
    from dissector import decoder, encoder

    assert callable(dissector.decode)
    assert callable(dissector.encode)
    assert decoder is not dissector.decode
    assert encoder is not dissector.encode
