"""The validator takes what the specification allows and says what is wrong with the rest."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms.lrs.validator import BadRequest, InvalidStatement, check_batch, formats, parse_json

from .lrs_strategies import Json, agent, statement, statements, statements_2

SUB = {
    "objectType": "SubStatement", "actor": agent("a"), "verb": {"id": "http://v.example/did"},
    "object": {"id": "http://a.example/x"},
}  # fmt: skip
PERSON = {"objectType": "Agent", "mbox": "mailto:a@b.example"}
GOOD_ATTACHMENT = {
    "usageType": "http://u.example/x", "display": {"en": "x"}, "contentType": "text/plain", "length": 3,
    "sha2": "a" * 64, "fileUrl": "http://f.example/x",
}  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(statements)
def test_any_valid_statement_is_taken_in_both_versions(made: Json) -> None:
    check_batch([made], "1.0.3")
    check_batch([made], "2.0.0")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(statements_2)
def test_any_valid_2_0_statement_is_taken_in_2_0(made: Json) -> None:
    check_batch([made], "2.0.0")


def test_context_agents_are_unknown_to_1_0() -> None:
    made = statement(context={"contextAgents": [{"objectType": "contextAgent", "agent": agent("a")}]})
    check_batch([made], "2.0.0")
    with pytest.raises(InvalidStatement) as caught:
        check_batch([made], "1.0.3")
    assert caught.value.pointer == "/context/contextAgents"


#: what is wrong -> (change of a good statement, where the validator must point)
BROKEN: dict[str, tuple[Json, str]] = {
    "no actor": ({"actor": None}, ""),
    "no verb": ({"verb": None}, ""),
    "an unknown property": ({"mood": "fine"}, "/mood"),
    "null": ({"result": {"success": True, "response": ...}}, "/result/response"),
    "an id that is no UUID": ({"id": "one"}, "/id"),
    "an actor without identifier": ({"actor": {"objectType": "Agent", "name": "A"}}, "/actor"),
    "two identifiers": ({"actor": {**PERSON, "openid": "http://o.example/"}}, "/actor"),
    "an mbox without mailto": ({"actor": {"mbox": "a@b.example"}}, "/actor/mbox"),
    "a SHA-1 that is too short": ({"actor": {"mbox_sha1sum": "ab"}}, "/actor/mbox_sha1sum"),
    "an account without name": ({"actor": {"account": {"homePage": "http://a.example"}}}, "/actor/account"),
    "a homePage without scheme": (
        {"actor": {"account": {"homePage": "a.example", "name": "x"}}}, "/actor/account/homePage"),
    "an agent with members": ({"actor": {**PERSON, "member": []}}, "/actor/member"),
    "an anonymous group without members": ({"actor": {"objectType": "Group"}}, "/actor"),
    "a group in a group": (
        {"actor": {"objectType": "Group", "member": [PERSON, {"objectType": "Group", "member": []}]}},
        "/actor/member/1/objectType"),
    "an unknown objectType": ({"actor": {**PERSON, "objectType": "agent"}}, "/actor/objectType"),
    "a verb without id": ({"verb": {"display": {"en": "x"}}}, "/verb"),
    "a verb id without scheme": ({"verb": {"id": "verbs/did"}}, "/verb/id"),
    "a language map of numbers": (
        {"verb": {"id": "http://v.example", "display": {"en": 1}}}, "/verb/display/en"),
    "a tag that is no language": (
        {"verb": {"id": "http://v.example", "display": {"a12345678": "x"}}}, "/verb/display/a12345678"),
    "an object without id": ({"object": {"objectType": "Activity"}}, "/object"),
    "an object of unknown type": (
        {"object": {"objectType": "Thing", "id": "http://a.example"}}, "/object/objectType"),
    "an agent as object without objectType": ({"object": {"mbox": "mailto:a@b.example"}}, "/object/mbox"),
    "a definition with a type that is no IRI": (
        {"object": {"id": "http://a.example", "definition": {"type": "quiz"}}}, "/object/definition/type"),
    "an unknown interaction": (
        {"object": {"id": "http://a.example", "definition": {"interactionType": "guess"}}},
        "/object/definition/interactionType"),
    "choices without interactionType": (
        {"object": {"id": "http://a.example", "definition": {"choices": [{"id": "a"}]}}},
        "/object/definition"),
    "components with one id": (
        {"object": {"id": "http://a.example",
                    "definition": {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]}}},
        "/object/definition/choices"),
    "a scale of a choice": (
        {"object": {"id": "http://a.example",
                    "definition": {"interactionType": "choice", "scale": [{"id": "a"}]}}},
        "/object/definition/scale"),
    "an extension without IRI": (
        {"object": {"id": "http://a.example", "definition": {"extensions": {"x": 1}}}},
        "/object/definition/extensions/x"),
    "a scaled score over 1": ({"result": {"score": {"scaled": 1.01}}}, "/result/score/scaled"),
    "a raw score over max": ({"result": {"score": {"raw": 11, "max": 10}}}, "/result/score/raw"),
    "a raw score under min": ({"result": {"score": {"raw": -1, "min": 0}}}, "/result/score/raw"),
    "min over max": ({"result": {"score": {"min": 2, "max": 1}}}, "/result/score/min"),
    "a score in words": ({"result": {"score": {"raw": "ten"}}}, "/result/score/raw"),
    "true as a number": ({"result": {"score": {"raw": True}}}, "/result/score/raw"),
    "success in words": ({"result": {"success": "true"}}, "/result/success"),
    "a duration that is none": ({"result": {"duration": "P4W1D"}}, "/result/duration"),
    "an empty duration": ({"result": {"duration": "PT"}}, "/result/duration"),
    "a registration that is no UUID": ({"context": {"registration": "r1"}}, "/context/registration"),
    "a team of one agent": ({"context": {"team": PERSON}}, "/context/team/objectType"),
    "a language that is none": ({"context": {"language": "deutsch!"}}, "/context/language"),
    "an unknown kind of context activity": (
        {"context": {"contextActivities": {"sibling": []}}}, "/context/contextActivities/sibling"),
    "revision about an agent": ({"object": PERSON, "context": {"revision": "1"}}, "/context/revision"),
    "platform about a statement": (
        {"object": {"objectType": "StatementRef", "id": "6b1c4a6c-9d0f-4f0e-9c55-0a5b1f5e9d11"},
         "context": {"platform": "x"}}, "/context/platform"),
    "a timestamp without offset": ({"timestamp": "2026-01-01T10:00:00"}, "/timestamp"),
    "an unknown offset": ({"timestamp": "2026-01-01T10:00:00-00:00"}, "/timestamp"),
    "a day that does not exist": ({"timestamp": "2026-02-30T10:00:00Z"}, "/timestamp"),
    "a version before 1.0": ({"version": "0.9.9"}, "/version"),
    "a version after 1.0": ({"version": "1.1.0"}, "/version"),
    "an authority of three": (
        {"authority": {"objectType": "Group", "member": [PERSON, PERSON, PERSON]}}, "/authority/member"),
    "an attachment without hash": (
        {"attachments": [{k: w for k, w in GOOD_ATTACHMENT.items() if k != "sha2"}]}, "/attachments/0"),
    "an attachment of half a byte": (
        {"attachments": [{**GOOD_ATTACHMENT, "length": 0.5}]}, "/attachments/0/length"),
    "an attachment of no media type": (
        {"attachments": [{**GOOD_ATTACHMENT, "contentType": "text"}]}, "/attachments/0/contentType"),
    "a SubStatement in a SubStatement": ({"object": {**SUB, "object": SUB}}, "/object/object/objectType"),
    "a SubStatement with an id": (
        {"object": {**SUB, "id": "6b1c4a6c-9d0f-4f0e-9c55-0a5b1f5e9d11"}}, "/object/id"),
    "a SubStatement with authority": ({"object": {**SUB, "authority": PERSON}}, "/object/authority"),
    "voiding an activity": ({"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}, "/object"),
}  # fmt: skip


def _with_nulls(value: Any) -> Any:
    """Put null where the table says "..."."""
    if isinstance(value, dict):
        return {name: _with_nulls(part) for name, part in value.items()}
    return None if value is ... else value


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_broken_rule_is_named_with_its_place_and_clause(what: str, version: str) -> None:
    changes, pointer = BROKEN[what]
    with pytest.raises(InvalidStatement) as caught:
        check_batch([statement(), _with_nulls(statement(**changes))], version)
    assert caught.value.index == 1
    assert caught.value.pointer == pointer
    assert "1.0.3" in caught.value.clause
    assert caught.value.status == 400


def test_a_batch_with_one_id_twice_is_refused_whatever_the_case() -> None:
    one = statement()
    with pytest.raises(InvalidStatement, match="twice"):
        check_batch([one, {**statement(), "id": one["id"].upper()}], "1.0.3")


def test_pointers_escape_slashes() -> None:
    with pytest.raises(InvalidStatement) as caught:
        check_batch([statement(context={"extensions": {"a/b~c": 1}})], "1.0.3")
    assert caught.value.pointer == "/context/extensions/a~1b~0c"


def test_2_0_statements_may_be_of_1_0_but_not_the_other_way_round() -> None:
    check_batch([statement(version="1.0.9"), statement(version="2.0.0")], "2.0.0")
    with pytest.raises(InvalidStatement):
        check_batch([statement(version="2.0.0")], "1.0.3")


# --- mutations ------------------------------------------


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of all values that rules are about: not those inside extensions."""
    if path:
        yield path
    if path and path[-1] == "extensions":
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in items:
        yield from _places(part, (*path, name))


def _set(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=statements, data=st.data(), wrong=st.sampled_from([None, [[]], {"\x00": 1}]))
def test_a_value_of_an_impossible_type_is_refused_wherever_it_stands(
    made: Json, data: st.DataObject, wrong: Any
) -> None:
    broken = copy.deepcopy(made)
    _set(broken, data.draw(st.sampled_from(list(_places(made)))), wrong)
    with pytest.raises(InvalidStatement):
        check_batch([broken], "2.0.0")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=statements, data=st.data())
def test_a_property_nobody_knows_is_refused_wherever_it_stands(made: Json, data: st.DataObject) -> None:
    maps = {"display", "extensions", "description"}
    objects = [()] + [
        path for path in _places(made)
        if isinstance(_get(made, path), dict) and path[-1] not in maps and path[-2:] != ("definition", "name")
    ]  # fmt: skip
    broken = copy.deepcopy(made)
    _set(broken, (*data.draw(st.sampled_from(objects)), "not a property"), "x")
    with pytest.raises(InvalidStatement):
        check_batch([broken], "2.0.0")


def _get(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    )
)
def test_no_json_value_makes_the_validator_fail(value: Any) -> None:
    with pytest.raises(InvalidStatement):
        check_batch([value], "1.0.3")


# --- JSON ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, word",
    [
        (b"\xff{}", "UTF-8"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 10_000 + b"]" * 10_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": 1} x', "not JSON"),
        (b'{"a": "\n"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"", "not JSON"),
    ],
    ids=["UTF-8", "duplicate", "NaN", "Infinity", "double", "digits", "arrays", "objects", "surrogate",
         "rest", "control", "BOM", "empty"],
)  # fmt: skip
def test_bad_json_is_a_bad_request_with_a_reason(data: bytes, word: str) -> None:
    with pytest.raises(BadRequest, match=word):
        parse_json(data)


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    try:
        value = parse_json(data)
    except BadRequest:
        return
    assert json.dumps(value).encode()


# --- formats ------------------------------------------


@pytest.mark.parametrize("text", [
    "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.123456789+01:00", "2026-12-31T23:59:60Z",
    "2026-03-01T10:00:00+0530", "2024-02-29T00:00:00-03:30", "2026-03-01T10:00:00-05",
])  # fmt: skip
def test_timestamps_that_are_taken(text: str) -> None:
    assert formats.is_timestamp(text)


@pytest.mark.parametrize("text", [
    "2026-03-01", "2026-03-01 10:00:00Z", "2026-13-01T10:00:00Z", "2026-03-01T24:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00.Z", "0000-01-01T00:00:00Z", "2026-03-01T10:00:00-00",
    "2026-03-01T10:00:00-0000", "٢٠٢٦-03-01T10:00:00Z",
])  # fmt: skip
def test_timestamps_that_are_refused(text: str) -> None:
    assert not formats.is_timestamp(text)


@pytest.mark.parametrize("text", ["P", "PT", "P1S", "P4W1D", "P1.5DT1H", "1D", "P-1D", "PT1H0.5M1S", "p1d"])
def test_durations_that_are_refused(text: str) -> None:
    assert not formats.is_duration(text)


@pytest.mark.parametrize(
    "text", ["en", "en-US", "zh-cmn-Hans-CN", "de-1996", "i-klingon", "x-y", "ar-u-nu-latn"]
)
def test_language_tags_that_are_taken(text: str) -> None:
    assert formats.is_language(text)


@pytest.mark.parametrize("text", ["", "e", "en_US", "en-", "a12345678", "de-x", "englishlanguage"])
def test_language_tags_that_are_refused(text: str) -> None:
    assert not formats.is_language(text)


def test_durations_are_compared_to_a_hundredth_of_a_second() -> None:
    assert formats.truncated_duration("P1DT12H36M0.1237S") == "P1DT12H36M0.12S"
    assert formats.truncated_duration("PT1M") == "PT1M"


# --- how much -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_200_levels_are_taken_and_201_are_not(opening: str, closing: str) -> None:
    levels = 200 // (len(closing))
    text = opening * levels + "1" + closing * levels
    assert parse_json(text)
    with pytest.raises(BadRequest, match="nested too deeply: more than 200"):
        parse_json("[" + text + "]")


def test_wide_and_flat_is_not_deep() -> None:
    assert len(parse_json("[" + ",".join(["[[{}]]"] * 500) + "]")) == 500
    assert parse_json('"' + "[" * 1000 + '"') == "[" * 1000


def test_a_small_body_cannot_grow_large_in_memory() -> None:
    for text in ("[" + "[]," * 600_000 + "[]]", "[" + "1," * 1_100_000 + "1]"):
        with pytest.raises(BadRequest, match="500,000 values"):
            parse_json(text)


def test_an_object_has_at_most_ten_thousand_names() -> None:
    names = ",".join(f'"{number}":0' for number in range(10_000))
    assert len(parse_json("{" + names + "}")) == 10_000
    with pytest.raises(BadRequest, match="10,000 names"):
        parse_json("{" + names + ',"x":0}')


def test_a_score_that_no_double_holds_is_refused() -> None:
    with pytest.raises(InvalidStatement) as caught:
        check_batch([statement(result={"score": {"raw": 10**400}})], "1.0.3")
    assert caught.value.pointer == "/result/score/raw"
