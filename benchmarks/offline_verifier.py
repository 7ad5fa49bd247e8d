"""The verifier without a network: bytes that a device fetches, and milliseconds of a check in Chromium.

    python -m benchmarks.offline_verifier [--checks 100] [--revoked 5000]

Bytes are gzip, as sent (1 kB = 1000 bytes). Times are those of one check on this machine, and as a multiple of one raw
Ed25519 verification by the same script.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import random
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from headstart_lms import create_app
from headstart_lms.accounts.models import Centre, Person
from headstart_lms.certificates import bundle as bundles
from headstart_lms.certificates import pdf, services, static_verifier, status, tokens
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.models import Course
from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import Base
from headstart_lms.paths import static_folder
from tests.certificates.conftest import BASE_URL, COURSE, NOON, facts
from tests.certificates.offline import browser_page

TIMES = """async ([bundle, cases, at, checks]) => {
  const {isSignature} = await import("/js/verifier/crypto.js");
  const found = {};
  let begin = performance.now();
  const list = new List(bundle, () => true);
  found["reading the list"] = performance.now() - begin;
  const timed = async (name, call) => {
    await call();
    begin = performance.now();
    for (let one = 0; one < checks; one++) await call();
    found[name] = (performance.now() - begin) / checks;
  };
  const {getPublicKey, sign} = await import("/vendor/noble/ed25519.js");
  const [seed, data] = [new Uint8Array(32).fill(7), new Uint8Array(64)];
  const [key, signature] = [getPublicKey(seed), sign(data, seed)];
  await timed("raw Ed25519", () => {
    if (!isSignature(key, signature, data)) throw new Error("raw");
  });
  for (const [name, data] of cases) {
    const given = name === "PDF" ? Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0)) : data;
    await timed(name, async () => {
      if ((await verify(given, list, at)).state !== "valid") throw new Error(name);
    });
  }
  return found;
}"""


def _certificate(session: Session, keyring: Keyring) -> tuple[str, list[tuple[str, str]]]:
    """Return the signed list and one certificate in its forms."""
    centre = Centre(slug="amman", name="Amman Learning Centre", country="JO", is_default=True)
    person = Person(centre=centre, language="ar")
    course = Course(
        uuid=COURSE, slug="it-italiano-a1", kind="language", destination="IT", current_digest="0" * 64
    )
    session.add_all([centre, person, course])
    session.flush()
    enrolment = Enrolment(person=person, course=course, edition=1, language="ar")
    session.add(enrolment)
    session.flush()
    award = services.award(session, enrolment=enrolment, facts=facts(), at=NOON)
    services.state_identity(
        session, person, passport_name="AMINA AL-HASSAN", own_name="أمينة الحسن", year_of_birth=1990, at=NOON
    )
    made = services.issue(session, award, keyring=keyring, base_url=BASE_URL, at=NOON)
    token = tokens.make_token(session, made, keyring=keyring) or ""
    paper = pdf.make(made, address=BASE_URL, scanned=token)
    bundle = bundles.build(session, keyring=keyring, base_url=BASE_URL, at=NOON)
    cases = [("JSON", made.payload or ""), ("QR code", token), ("PDF", base64.b64encode(paper).decode())]
    return bundles.text(bundle), cases


def _packed(data: bytes) -> int:
    return len(gzip.compress(data, 9, mtime=0))


def _weights(bundle: str, page: bytes, revoked: int) -> dict[str, int]:
    static = static_folder()
    modules = [
        (static / name).read_bytes() for name in static_verifier.modules(static, static_verifier.ENTRY)
    ]
    places = random.Random(5).sample(range(status.LENGTH), revoked)  # noqa: S311 - numbers of a benchmark
    more = status.encode(places).encode()
    return {
        "page": _packed(page),
        "style sheets": sum(_packed((static / name).read_bytes()) for name in static_verifier.STYLES),
        f"scripts, {len(modules)} modules": sum(map(_packed, modules)),
        "scripts, as one": _packed(static_verifier.join_modules(static, static_verifier.ENTRY).encode()),
        "list": _packed(bundle.encode()),
        f"list, {revoked} taken back": _packed(bundle.encode() + more),
        "reader of QR codes": sum(
            _packed((static / name).read_bytes()) for name in (static_verifier.READER, static_verifier.WASM)
        ),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--checks", type=int, default=100)
    options.add_argument("--revoked", type=int, default=5000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app: Any = create_app({"HEADSTART_INSTANCE": folder})
        state = app.extensions["headstart"]
        engine = create_engine("sqlite://")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            bundle, cases = _certificate(session, Keyring(Path(folder) / "keys"))
            built = bundles.build(session, keyring=Keyring(Path(folder) / "keys"), base_url=BASE_URL, at=NOON)
            page = static_verifier.files_of_folder(state.jinja, state.static, built)["index.html"]
        engine.dispose()
    for name, size in _weights(bundle, page, given.revoked).items():
        print(f"{name:28} {size / 1000:8.1f} kB")
    with browser_page() as opened:
        times = opened.evaluate(TIMES, [bundle, cases, int(NOON.timestamp() * 1000), given.checks])
    for name, milliseconds in times.items():
        print(f"{name:28} {milliseconds:8.2f} ms  x {milliseconds / times['raw Ed25519']:.1f}")


if __name__ == "__main__":
    main()
