"""Our certificates under programs of others: Digital Bazaar's verifier and jose, unmodified, from npm."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headstart_lms.certificates import contexts, keys, services, signed_files
from headstart_lms.certificates.models import Award, Certificate
from headstart_lms.certificates.rules import Assessed

from .. import node
from .conftest import BASE_URL, NOON, World

#: What a course may leave out, and every kind of course.
AWARDS: dict[str, dict[str, Any]] = {
    "workplace": {"kind": "workplace", "language": None, "level": None, "skills": {}, "titles": {"en": "Safe at work"}},
    "rights": {
        "kind": "rights", "language": None, "level": None, "skills": {}, "country": "DE", "valid_months": None,
        "titles": {"de": "Rechte bei der Arbeit", "ar": "حقوقك في العمل"}, "source_language": "de",
        "outcomes": (), "assessed": Assessed(),
    },
    "orientation": {
        "kind": "orientation", "language": None, "level": None, "skills": {}, "country": "PT", "region": "PT-11",
        "titles": {"en": "Living in Lisbon: “quotes”, <tags> & \\ back"}, "hours": 1.5,
        "assessed": Assessed(mode="practice", blueprint_id="final", score=1.0, passed_at=NOON),
    },
    "language": {"level": "pre-A1", "language": "hu", "country": "HU", "titles": {"en": "Hungarian, first steps"}},
}  # fmt: skip
NAMES = {
    "workplace": ("OLEKSANDRA SHEVCHENKO", "Олександра Шевченко"), "rights": ("NINO KAPANADZE", "ნინო კაპანაძე"),
    "orientation": ("JOAO DE SOUSA", "João de Sousa"), "language": ("MAHSHID HOSSEINI", "مه‌شید حسینی"),
}  # fmt: skip


def issue_all(world: World) -> list[Certificate]:
    """Issue a certificate of every kind of course, with and without what may be left out."""
    made = [world.issue()]
    for slug, changes in AWARDS.items():
        award: Award = world.another(slug, **changes)
        passport, own = NAMES[slug]
        services.state_identity(
            world.session, world.person, passport_name=passport, own_name=own, year_of_birth=1988, at=NOON
        )
        if slug == "rights" and world.person.identity is not None:
            world.person.identity.checked, world.person.identity.checked_centre_id = NOON, world.centre.id
        made.append(services.issue(world.session, award, keyring=world.keyring, base_url=BASE_URL, at=NOON))
    return made


def ask(world: World, jobs: list[dict[str, str]]) -> dict[str, list[str]]:
    did = keys.did_of(BASE_URL, "centres", world.centre.slug)
    found: dict[str, list[str]] = node.run(
        "verify.mjs",
        {
            "contexts": {address: contexts.context(address) for address in contexts.PINNED},
            "dids": {did: keys.find_did_document(world.session, did)},
            "now": NOON.isoformat(), "jobs": jobs,
        },
    )  # fmt: skip
    assert set(found) == {job["id"] for job in jobs}
    return found


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every text in a document."""
    if isinstance(value, str):
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield from leaves(part, (*path, step))


def changed(text: str, at: int) -> str:
    other = "7" if text[at] != "7" else "8"
    return text[:at] + other + text[at + 1 :]


def with_change(document: dict[str, Any], path: tuple[Any, ...]) -> str:
    """Return the document as JSON with the middle character of one text changed."""
    copied = json.loads(json.dumps(document))
    holder = copied
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = changed(holder[path[-1]], len(holder[path[-1]]) // 2)
    return json.dumps(copied)


def test_every_kind_of_certificate_is_accepted_in_every_signed_form(world: World) -> None:
    jobs = []
    for certificate in issue_all(world):
        jobs.append({"id": certificate.code, "json": signed_files.get_json(certificate)})
        jobs += [
            {
                "id": f"{certificate.code} {alg}",
                "jwt": signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg=alg),
            }
            for alg in signed_files.ALGORITHMS
        ]
    answers = ask(world, jobs)
    assert {name: found for name, found in answers.items() if any(found)} == {}
    assert [len(found) for name, found in answers.items() if " " not in name] == [2] * 5


def test_one_changed_character_anywhere_is_refused_by_each_proof_alone(world: World) -> None:
    """A change in the document is refused by both proofs, a change in a proof by that proof."""
    document = json.loads(signed_files.get_json(world.issue()))
    places = {repr(path): path for path in leaves(document)}
    assert len(places) > 120
    answers = ask(world, [{"id": name, "json": with_change(document, path)} for name, path in places.items()])
    for name, path in places.items():
        accepted = [number for number, answer in enumerate(answers[name]) if not answer]
        if path[0] == "proof":
            assert path[1] not in accepted, name
        else:
            assert accepted == [], name


@pytest.mark.parametrize("alg", signed_files.ALGORITHMS)
def test_one_changed_character_anywhere_in_a_token_is_refused(world: World, alg: Any) -> None:
    """The last character is left out: some of its bits stand for nothing, and jose does not look at them.

    Our own verifier refuses these too (test_verify).
    """
    token = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring, alg=alg)
    head = token.index(".") + 1
    tried = [*range(head), *range(head, len(token) - 1, 5), *range(len(token) - 87, len(token) - 1)]
    jobs = [{"id": str(at), "jwt": changed(token, at)} for at in dict.fromkeys(tried)]
    answers = ask(world, jobs)
    assert {at for at, [answer] in answers.items() if not answer} == set()


# --- the programs in the documentation ---------------------------------------------------------------


def program(language: str) -> str:
    """Return the first program of a language in the page for developers."""
    page = (node.FOLDER.parent.parent / "docs" / "certificates-for-developers.md").read_text("utf-8")
    return page.split(f"```{language}\n")[1].split("```")[0]


@pytest.mark.parametrize("language", ["js", "python"])
def test_the_programs_in_the_documentation_tell_a_certificate_from_a_changed_one(
    world: World, tmp_path: Path, language: str
) -> None:
    node.install()
    (tmp_path / "node_modules").symlink_to(node.FOLDER / "node_modules")
    script = tmp_path / ("check.mjs" if language == "js" else "check.py")
    script.write_text(program(language), "utf-8")
    runner = [str(node.NODE), "--no-warnings"] if language == "js" else [sys.executable]
    certificate = world.issue()
    signed_files.make_jwt(
        world.session, certificate, keyring=world.keyring, alg="RS256"
    )  # a key it must pass over
    published = keys.find_did_document(world.session, certificate.issuer_did)
    (tmp_path / "did.json").write_text(json.dumps(published), "utf-8")
    for text, expected in (
        (signed_files.get_json(certificate), True),
        (signed_files.get_json(certificate).replace("AMINA", "SAMIR"), False),
    ):
        (tmp_path / "certificate.json").write_text(text, "utf-8")
        done = subprocess.run(  # noqa: S603
            [*runner, script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.stdout.strip() == "genuine") is expected, done.stderr
