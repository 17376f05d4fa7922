"""Build the kernels with Cython where that is possible; everything else about the package is in pyproject.toml.

The kernels are Python source. Without Cython or a C compiler they are installed as such and run interpreted, slower
and with the same results. For the tests, ``DISSECTOR_KERNEL_CHECKED=1`` builds them with every index checked, and
``DISSECTOR_KERNEL_FLAGS`` is what the C compiler is told instead of ``-O3``.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup

MARK = "\nCOMPILED = cython.compiled\n"
"""What stands in the source of every kernel, and in no other."""
KERNELS = sorted(
    path.stem for path in Path("dissector", "kernel").glob("*.py") if MARK in path.read_text("utf-8")
)


def source(name: str, *, checked: bool) -> str:
    """Return the path of a kernel's source.

    Its inner functions raise nothing and are declared so. With every index checked they may, and an error that only
    was printed would fail no test: the source compiled then is a copy that hands errors on.
    """
    path = Path("dissector", "kernel", f"{name}.py")
    if checked:
        text = path.read_text(encoding="utf-8").replace("exceptval(check=False)", "exceptval(check=True)")
        path = Path("build", "checked", path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.as_posix()


def kernels() -> list[Extension]:
    """Return the extensions to build, none if Cython is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    checked = os.environ.get("DISSECTOR_KERNEL_CHECKED", "") not in {"", "0"}
    flags = os.environ.get("DISSECTOR_KERNEL_FLAGS", "" if os.name == "nt" else "-O3").split()
    found: list[Extension] = cythonize(
        [
            # optional: a failing compiler is a warning, and the source is what will run.
            Extension(
                f"dissector.kernel.{name}",
                [source(name, checked=checked)],
                extra_compile_args=flags,
                optional=True,
            )
            for name in KERNELS
        ],
        build_dir="build/cython",
        compiler_directives={
            "language_level": "3",
            "boundscheck": checked,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
    return found


# Each is compiled by itself, and they are many.
setup(ext_modules=kernels(), options={"build_ext": {"parallel": os.cpu_count() or 1}})
