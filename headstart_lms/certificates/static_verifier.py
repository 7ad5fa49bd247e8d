"""The verifier as a folder of files, for an intranet or a stick: ``headstart verifier build DIR``."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment

from ..kernel.errors import Conflict, Invalid
from ..kernel.languages import direction
from . import bundle as bundles
from . import documents, offline_words, proofs, signing
from .errors import VerificationError
from .facts import instant
from .trust import TrustStore

MANIFEST, SUMS = "MANIFEST.json", "SHA256SUMS"
TYPE = "HeadstartVerifierFolder"
STYLES = ("css/tokens.css", "css/base.css", "css/certificates.css", "css/verifier.css")
ENTRY = "js/verifier/page.js"
READER, WASM = "vendor/zxing-wasm/reader.js", "vendor/zxing-wasm/zxing_reader.wasm"
#: What the style sheets and the page show, and the licences of programs of others.
_COPIED = (
    *STYLES, "icons/chevron.svg", "icons/verifier.svg", READER, "vendor/README.md",
    "vendor/noble/LICENSE-ed25519.txt", "vendor/noble/LICENSE-hashes.txt", "vendor/zxing-wasm/LICENSE.txt",
    "vendor/zxing-wasm/LICENSE-zxing-cpp.txt",
)  # fmt: skip

_IMPORT = re.compile(r'^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+["\']([^"\']+)["\'];\n', re.M)
#: A comment that begins a line; one that begins with ! names a licence and stays.
_COMMENT = re.compile(r"^[ \t]*/\*(?!!)(?:(?!\*/).)*\*/[ \t]*\n", re.M | re.S)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?(?:function|class|const|let)\s+(\w+))", re.M)
_EXPORTS = re.compile(r"^export\s+\{([^}]*)\};\n", re.M)


@dataclass(frozen=True)
class Files:
    """Where a page of the verifier finds its files. ``module`` on a server; ``scripts`` where there is none."""

    styles: tuple[str, ...]
    icon: str
    bundle: str
    reader: str
    module: str | None = None
    scripts: tuple[str, ...] = ()
    wasm: str | None = None
    wasm_script: str | None = None
    worker: str | None = None
    manifest: str | None = None


@dataclass(frozen=True)
class Written:
    """What a build has done: number of files, their bytes, what of an earlier build was removed."""

    files: int
    bytes: int
    removed: list[str] = field(default_factory=list)


def page(
    templates: Environment,
    bundle: Mapping[str, Any],
    files: Files,
    *,
    language: str,
    policy: str | None = None,
) -> str:
    """Return the page of the verifier in a language; its script can change it to any other of the bundle."""
    words = bundle["texts"][language]
    return templates.get_template("headstart/certificates/offline.html").render(
        words=words, lang=language, dir=direction(language), files=files, policy=policy,
        languages=[(tag, name, direction(tag)) for tag, name in offline_words.languages().items()],
        publisher=bundle["publisher"], keys=bundles.publisher_keys(dict(bundle)),
        texts=json.dumps({language: words}, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    )  # fmt: skip


# --- one script from many modules --------------------------------------------------------------------


def join_modules(folder: Path, entry: str) -> str:
    """Return modules as one classic script: browsers load no modules from ``file:``.

    Each becomes a function that returns what it exports, in the order in which they need each other; the same
    files give the same bytes. Reads the forms of import and export that our modules and the vendored ones use.
    Raises ValueError for any other form.
    """
    order = _in_order(folder, entry)
    parts = [_wrapped(module, order) for module in order]
    return '"use strict";\n(() => {\n' + "".join(parts) + "})();\n"


def modules(folder: Path, entry: str) -> list[str]:
    """Return the names of a module and of all it imports, in the order in which they need each other."""
    root = folder.resolve()
    return [str(module.relative_to(root)) for module in _in_order(folder, entry)]


def _in_order(folder: Path, entry: str) -> list[Path]:
    order: list[Path] = []
    _visit((folder / entry).resolve(), [], order)
    return order


def _visit(module: Path, above: list[Path], order: list[Path]) -> None:
    if module in above:
        raise ValueError(f"{module.name} imports itself")
    if module in order:
        return
    for _names, _all, target in _IMPORT.findall(_source(module)):
        _visit((module.parent / target).resolve(), [*above, module], order)
    order.append(module)


def _source(module: Path) -> str:
    return _COMMENT.sub("", module.read_text("utf-8"))


def _wrapped(module: Path, order: list[Path]) -> str:
    exported: list[tuple[str, str]] = []

    def imports(match: re.Match[str]) -> str:
        other = f"$modules{order.index((module.parent / match[3]).resolve())}"
        if match[2]:
            return f"const {match[2]} = {other};\n"
        return f"const {{ {match[1].strip().replace(' as ', ': ')} }} = {other};\n"

    def exports(match: re.Match[str]) -> str:
        exported.append((match[2], match[2]))
        return match[1]

    def listed(match: re.Match[str]) -> str:
        for name in filter(None, (part.strip() for part in match[1].split(","))):
            inside, _as, outside = name.partition(" as ")
            exported.append((outside or inside, inside))
        return ""

    body = _EXPORTS.sub(listed, _EXPORT.sub(exports, _IMPORT.sub(imports, _source(module))))
    left = re.search(r"^(?:import|export)\b.*$", body, re.M)
    if left:
        raise ValueError(f"{module.name}: {left[0]}")
    given = ", ".join(f"{outside}: {inside}" for outside, inside in exported)
    name = f"$modules{order.index(module)}"
    return f"// {module.name}\nconst {name} = (() => {{\n{body}return {{ {given} }};\n}})();\n"


# --- the folder ------------------------------------------------------------------------------------


def files_of_folder(templates: Environment, static: Path, bundle: dict[str, Any]) -> dict[str, bytes]:
    """Return {path: content} of the folder, without the manifest: the same for the same bundle."""
    text = bundles.text(bundle)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(bundle["publisher"]["url"]))
    policy = (
        "default-src 'none'; script-src 'self' file: 'wasm-unsafe-eval'; style-src 'self' file:; "
        f"img-src 'self' file: data:; media-src 'self' blob:; connect-src 'self' {origin}; form-action 'none'; "
        "base-uri 'none'"
    )
    files = Files(
        styles=STYLES, icon="icons/verifier.svg", bundle="bundle.json", reader=READER,
        scripts=("bundle.js", "verifier.js"), wasm_script="vendor/zxing-wasm/wasm.js",
    )  # fmt: skip
    made = {name: (static / name).read_bytes() for name in _COPIED}
    wasm = base64.b64encode((static / WASM).read_bytes()).decode("ascii")
    return made | {
        "index.html": page(templates, bundle, files, language="en", policy=policy).encode(),
        "verifier.js": join_modules(static, ENTRY).encode(),
        "bundle.json": text.encode(),
        "bundle.js": f"self.headstartBundle = {json.dumps(text)};\n".encode(),
        "vendor/zxing-wasm/wasm.js": f'self.headstartWasm = "{wasm}";\n'.encode(),
        "README.txt": _readme(bundle).encode(),
    }


def manifest(files: Mapping[str, bytes], bundle: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is signed of a folder: the SHA-256 (hex) of every file."""
    return {
        "type": TYPE, "made": bundle["made"], "publisher": bundle["publisher"],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }  # fmt: skip


def write(folder: Path, files: Mapping[str, bytes], signed: Mapping[str, Any]) -> Written:
    """Write the folder, or renew one that was written before. Raises Conflict for any other that is not empty."""
    before = _check_folder(folder)
    sums = "".join(f"{digest}  {name}\n" for name, digest in signed["files"].items())
    everything = {
        **files, SUMS: sums.encode(),
        MANIFEST: json.dumps(signed, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n",
    }  # fmt: skip
    try:
        # the manifest last: a build that was stopped in between is found out by the check
        for name, content in everything.items():
            _replace(folder / name, content)
        removed = sorted(before - set(everything))
        for name in removed:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise Invalid(f"{folder} cannot be written: {error.strerror}.", "folder") from error
    return Written(len(everything), sum(map(len, everything.values())), removed)


def _check_folder(folder: Path) -> set[str]:
    """Return the names of the files that an earlier build wrote; none in a new or empty folder."""
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file. Name a folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    try:
        known = json.loads((folder / MANIFEST).read_text("utf-8"))
        if known["type"] != TYPE:
            raise ValueError(known["type"])
        names = {str(name) for name in known["files"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Conflict(
            f"{folder} holds other files. Name a new folder, or one that was built before."
        ) from error
    # a manifest that somebody else wrote must not make us remove a file elsewhere
    inside = folder.resolve()
    return {name for name in names if (folder / name).resolve().is_relative_to(inside)}


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(content)
    os.replace(part, file)


def check(folder: Path, *, trust: TrustStore) -> datetime:
    """Check a folder against its signed manifest; return when it was made. Raises Invalid with what is wrong."""
    try:
        signed = json.loads((folder / MANIFEST).read_text("utf-8"))
        expected: dict[str, str] = dict(signed["files"])
        made = _check_signature(signed, trust)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, VerificationError) as error:
        raise Invalid(f"{folder} has no manifest that this installation signed.", "folder") from error
    wrong = [
        name
        for name, digest in expected.items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]
    if wrong:
        raise Invalid(f"{folder}: changed or missing: {', '.join(wrong)}. Build it again.", "folder")
    present = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    more = sorted(present - set(expected) - {MANIFEST, SUMS})
    if more:
        raise Invalid(f"{folder}: not part of it: {', '.join(more)}.", "folder")
    return made


def _check_signature(signed: dict[str, Any], trust: TrustStore) -> datetime:
    proof = signed["proof"][0]
    key = trust.keys[proof["verificationMethod"]]
    made = instant(proof["created"])
    documents.check_key_time(key, made)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    data = proofs.jcs_hash(proofs.without_proof(signed), options)
    if made is None or not signing.is_signature(key.public, proofs.signature_of(proof), data):
        raise ValueError("the signature does not fit")
    return made


def _readme(bundle: Mapping[str, Any]) -> str:
    publisher = bundle["publisher"]
    return f"""CHECK CERTIFICATES WITHOUT A NETWORK

This folder is a page that checks certificates of Headstart. It was made on {bundle["made"][:10]} by
{publisher["name"]}, {publisher["url"]}.

Open index.html in a browser: from this folder, from a stick, or from a web server of your own.
Chromium, Chrome, Edge, Firefox 113 or Safari 16.4, and newer ones. Nothing is installed. No file is sent anywhere, and
nothing of what is checked is kept.

ON A WEB SERVER
Copy the whole folder. It needs no program on the server, only files. With https the camera works; with http
people choose a photo of the QR code instead, or the file.

TO UPDATE, AT LEAST EVERY {bundle["staleAfterDays"]} DAYS
The list of issuers and of certificates that were taken back gets old. After {bundle["staleAfterDays"]} days the page
says no longer that a certificate was not taken back; after {bundle["refuseAfterDays"]} days it checks nothing.
- With a network: press "Get the newest list" on the page. It fetches one file:
  {publisher["bundle"]}
- On your web server: put that file, bundle.json, in place of the one in this folder, once a day.
- Without any network: bring bundle.json on a stick and open it on the page as if it were a certificate.
- Or take a new folder.
The page takes a list only when it is signed by the publisher of the one it has, and is not older.

IS THIS THE FOLDER THAT WAS MADE?
  sha256sum -c SHA256SUMS
MANIFEST.json has the same sums, signed with the publisher's key. Who made the folder can check it with
  headstart verifier check FOLDER

The licences of programs of others are in the folder vendor.
"""
