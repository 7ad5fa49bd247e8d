"""What a bulk check costs: CPU of 1,000 files in one zip, from the upload to the result, and of the offline command.

    python -m benchmarks.bulk [--files 1000]

Everything runs in this process and on one core. The files are one certificate over and over: each is opened, verified,
looked up and written into the trail by itself. Aim: 1,000 PDFs in at most 5 seconds.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from headstart_lms import operations
from headstart_lms.certificates import uploads
from headstart_lms.certificates.asking import Asker
from headstart_lms.kernel import jobs
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, session
from tests.cast import make_cast
from tests.certificates.office import Desk, make_desk
from tests.conftest import Variant, make_app
from tests.make import make_course


def cpu(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def make(folder: Path) -> Desk:
    """Make an installation with an office and a certificate."""
    app = make_app(Variant(), folder, f"sqlite:///{folder / 'headstart.sqlite3'}")
    with app.app_context():
        operations.init(app, None, centre_name="Headstart")
        make_course(app, folder / "course")
        make_cast(app, "tiny")
    return make_desk(app)


def zipped(content: bytes, kind: str, files: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(files):
            archive.writestr(f"{number:04d}.{kind}", content)
    return out.getvalue()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=1000)
    files = arguments.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        desk = make(Path(folder))
        browser = desk.officer("olga")
        client = desk.app.test_client()
        for kind in ("pdf", "json"):
            content = client.get(f"/certificates/{desk.code}.{kind}?year=1987").get_data()
            packed = zipped(content, kind, files)
            with desk.app.app_context():
                asker = Asker(session(), now())
                entries = list(uploads.read_uploads([("all.zip", io.BytesIO(packed))]))
                alone = cpu(lambda: [asker.ask(entry) for entry in entries])  # noqa: B023 - called at once
                session().rollback()
            upload = cpu(
                lambda: browser.post("/verify/many", {"files": [(io.BytesIO(packed), "all.zip")]})  # noqa: B023
            )
            with desk.app.app_context():
                work = cpu(jobs.run_all)
            print(  # noqa: T201
                f"{files} {kind}, {len(content) // 1000} kB each: verify {alone:.2f} s, upload {upload:.2f} s, "
                f"job {work:.2f} s, together {upload + work:.2f} s CPU"
            )
        with desk.app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
