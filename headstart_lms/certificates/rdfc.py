"""RDF canonicalisation (RDFC-1.0) of JSON-LD documents. Also runs as a script, so that it can be killed.

JSON-LD lets a document hold members that no context defines; expansion drops them in silence, so a signature
over the RDF would not cover them. PyLD has no safe mode, so we compare with what compaction gives back
(CERTIFICATES 3.2). The graph algorithm can be driven into hours of work by a few kilobytes: documents of
strangers go through ``canonical_apart`` only, which ends after two seconds.

As a script it must start fast and trust nothing: only the standard library and PyLD are imported here.
"""

from __future__ import annotations

import json
import subprocess  # noqa: S404 - runs this very file with our own interpreter
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from pyld import jsonld

#: Of a canonicalisation of foreign input: wall clock and CPU seconds, and bytes of memory.
SECONDS = 2
MEMORY = 512 * 1024 * 1024
_OPTIONS = {"algorithm": "URDNA2015", "format": "application/n-quads"}
#: How many strangers' documents may be worked on at once.
_slots = threading.BoundedSemaphore(2)


class Undefined(ValueError):
    """The document holds something that its contexts do not define, so a signature would not cover it."""


class TookTooLong(RuntimeError):
    """Canonicalisation of a stranger's document was stopped."""


def canonical(document: Mapping[str, Any], contexts: Mapping[str, Any], *, is_whole: bool = False) -> str:
    """Return the canonical N-Quads of a JSON-LD document. Raises Undefined.

    ``contexts`` maps every context address the document may name to its document; nothing is fetched.
    ``is_whole``: another signature covers the JSON itself, so members that no context defines are signed too.
    """
    options = {"documentLoader": _loader(contexts), "base": ""}
    try:
        expanded = jsonld.expand(dict(document), options)
        _check_identifiers(expanded)
        if not is_whole:
            compacted = jsonld.compact(expanded, {"@context": document["@context"]}, options)
            if _comparable(compacted) != _comparable(document):
                raise Undefined("the contexts do not define every member of the document")
        nquads: str = jsonld.normalize(expanded, {**_OPTIONS, **options})
    except jsonld.JsonLdError as error:
        raise Undefined(f"this is no document of its contexts: {error.code or error.type}") from error
    return nquads


def canonical_apart(documents: Sequence[Mapping[str, Any]], contexts: Mapping[str, Any]) -> list[str]:
    """Do ``canonical`` for each document in a process of its own. Raises Undefined or TookTooLong."""
    if not _slots.acquire(timeout=SECONDS):
        raise TookTooLong("other documents are being checked")
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-I", __file__], check=False, capture_output=True, timeout=SECONDS,
            input=json.dumps({"documents": documents, "contexts": contexts}).encode(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TookTooLong("the document is built to be slow") from error
    finally:
        _slots.release()
    if done.returncode != 0:
        raise TookTooLong(f"the check of the document ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "undefined" in answer:
        raise Undefined(answer["undefined"])
    found: list[str] = answer["canonical"]
    return found


def _loader(contexts: Mapping[str, Any]) -> Any:
    def load(address: str, options: Any = None) -> dict[str, Any]:
        if address not in contexts:
            raise jsonld.JsonLdError(
                "not a pinned context", "jsonld.LoadDocumentError", code="unknown context"
            )
        return {
            "contentType": "application/ld+json", "contextUrl": None, "documentUrl": address,
            "document": contexts[address],
        }  # fmt: skip

    return load


def _check_identifiers(expanded: Any) -> None:
    """Refuse relative ``@type`` and ``@id`` values: else an undefined type would be signed."""
    if isinstance(expanded, list):
        for value in expanded:
            _check_identifiers(value)
    elif isinstance(expanded, dict):
        for name in ("@type", "@id"):
            values = expanded.get(name, [])
            for value in values if isinstance(values, list) else [values]:
                if ":" not in value:
                    raise Undefined(f"no context defines {value!r}")
        for value in expanded.values():
            _check_identifiers(value)


def _comparable(value: Any, name: str = "") -> Any:
    """Bring a document into a form that is equal when it says the same: sets of one, order of sets.

    Of types only the number counts: one type may have two terms, and that each is defined was checked before.
    """
    if name == "type":
        return len(value) if isinstance(value, list) else 1
    if isinstance(value, dict):
        return {
            key: _comparable(inner, key)
            for key, inner in value.items()
            if key != "@context" and inner is not None and inner != []
        }
    if isinstance(value, list):
        inner_values = [_comparable(inner, name) for inner in value]
        if len(inner_values) == 1:
            return inner_values[0]
        return sorted(inner_values, key=lambda inner: json.dumps(inner, sort_keys=True))
    return value


def _limit_this_process() -> None:
    import resource  # here: not on every system, and only the script needs it

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> None:
    _limit_this_process()
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {
            "canonical": [canonical(document, request["contexts"]) for document in request["documents"]]
        }
    except Undefined as error:
        answer = {"undefined": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
