"""What setup.cfg cannot say: the two data folders as packages, and catalogues compiled while building."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class BuildWithCatalogues(build_py):
    """Compile the gettext catalogues into what is built: git holds only the .po files."""

    def run(self) -> None:
        super().run()
        # imported here: only a build needs it, and pyproject.toml asks for it
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        root = Path("." if self.editable_mode else self.build_lib)
        for source in sorted(Path("headstart_lms/translations").glob("*/LC_MESSAGES/*.po")):
            with source.open("rb") as file:
                catalogue = read_po(file, locale=source.parts[2], abort_invalid=True)
            target = root / source.with_suffix(".mo")
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                write_mo(file, catalogue)


setup(
    # package_dir in setup.cfg says where the last two are
    packages=[*find_packages(include=["headstart_lms", "headstart_lms.*"]),
              "headstart_lms.course_content", "headstart_lms.static"],
    cmdclass={"build_py": BuildWithCatalogues},
)  # fmt: skip
