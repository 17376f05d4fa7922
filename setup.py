"""Build the kernels with Cython where that is possible; everything else about the package is in pyproject.toml.

The kernels are Python source. Without Cython or a C compiler they are installed as such and run interpreted, slower
and with the same results. ``DISSECTOR_KERNEL_CHECKED=1`` builds them with every index checked, for the tests.
"""

from __future__ import annotations

import os

from setuptools import Extension, setup

KERNELS = ("walk", "scan", "render", "write", "search", "pair")


def kernels() -> list[Extension]:
    """Return the extensions to build, none if Cython is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    checked = os.environ.get("DISSECTOR_KERNEL_CHECKED", "") not in {"", "0"}
    found: list[Extension] = cythonize(
        [
            # optional: a failing compiler is a warning, and the source is what will run.
            Extension(
                f"dissector.kernel.{name}",
                [f"dissector/kernel/{name}.py"],
                extra_compile_args=[] if os.name == "nt" else ["-O3"],
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


setup(ext_modules=kernels())
