"""Carry the manifests of `datasets/` into the built package, so that an installed wheel can prepare every data set."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithManifests(build_py):
    """Copy `datasets/<name>/manifest.toml` to `snn/data/manifests/<name>.toml` of the build."""

    manifests = tuple(path.as_posix() for path in sorted(Path("datasets").glob("*/manifest.toml")))

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *self.manifests]  # so that a source distribution has them too

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # the repository itself is used, with its own datasets/
            return
        target = Path(self.build_lib) / "snn" / "data" / "manifests"
        target.mkdir(parents=True, exist_ok=True)
        for manifest in map(Path, self.manifests):
            shutil.copyfile(manifest, target / f"{manifest.parent.name}.toml")


setup(cmdclass={"build_py": BuildWithManifests})
