"""Every text of the verifier that works without a network, in one language: the page's own, and the verdict's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..kernel import i18n
from ..kernel.i18n import _
from . import codes, presenting, verdict

#: {name}: filled in by the script; the other texts stand on the page as they are.
_PAGE: dict[str, Callable[[], str]] = {
    "title": lambda: _("Check a certificate"),
    "skip": lambda: _("Go to the content"),
    "lead": lambda: _("Scan the QR code, open the file, or write the code. You need no account and no network."),
    "no-script": lambda: _("This page needs JavaScript. Check the certificate on the page of the issuer."),
    "language": lambda: _("Language"),
    "demo": lambda: _("Demo: proves nothing."),
    "demo-why": lambda: _("This site is for trying out. Its certificates work on this computer only."),
    "host": lambda: _("You are on %(host)s. We do not keep what you check."),
    "folder": lambda: _("This page runs from a folder on this computer. It does not keep what you check."),
    # the list of issuers, keys and places
    "list": lambda: _("List of %(date)s (%(age)s), signed by %(publisher)s."),
    "no-list": lambda: _("There is no list on this device. Get the newest list while there is a network."),
    "renew": lambda: _("Get the newest list"),
    "renewed": lambda: _("The list is new now."),
    "newest": lambda: _("This is the newest list there is."),
    "no-network": lambda: _("The newest list could not be reached. The list here stays as it is."),
    "not-theirs": lambda: _("That list is not signed by the publisher of this one. It was not taken."),
    "older": lambda: _("That list is older than the one here. It was not taken."),
    "stale": lambda: _("This list is too old to say that nothing was taken back. Get the newest list."),
    "refused": lambda: _("This list is too old. Nothing is checked with it. Get the newest list."),
    "clock": lambda: _("The clock of this device is wrong. Set date and time."),
    # to hand something in
    "scan": lambda: _("Scan with the camera"),
    "scan-stop": lambda: _("Stop the camera"),
    "scan-point": lambda: _("Hold the QR code in front of the camera. Go nearer until it fills the picture."),
    "camera-starts": lambda: _("The camera starts. Allow it when the browser asks."),
    "camera-refused": lambda: _("The camera was refused. Allow it in the browser, or choose a photo of the QR code."),
    "camera-none": lambda: _("There is no camera here. Choose a photo of the QR code."),
    "camera-http": lambda: _("The camera works on pages with https only. Choose a photo of the QR code."),
    "scanner-missing": lambda: _("The scanner could not be loaded. Write the code, or open the file."),
    "no-qr": lambda: _("There is no QR code in this photo that can be read. Go nearer, with more light."),
    "other-qr": lambda: _("This QR code is not of a certificate."),
    "file": lambda: _("Or the file of the certificate"),
    "file-hint": lambda: _("The PDF, a file that ends in .json, .jwt, .svg or .png, or a photo of the QR code"),
    "file-name": lambda: _("File"),
    "code": lambda: _("Code"),
    "code-hint": lambda: _("12 letters and numbers, for example 7K3M-92QF-X4QY"),
    "code-right": lambda: _("The code is written right. Whether it is of a certificate, only the network knows."),
    "paste": lambda: _("Or paste its text"),
    "text": lambda: _("Text of the certificate"),
    "check": lambda: _("Check"),
    "empty": lambda: _("Write the code, or choose a file."),
    "again": lambda: _("Check another one"),
    # the answer
    "yes": lambda: _("Yes."),
    "no": lambda: _("No."),
    "unknown": lambda: _("Not known."),
    "listed": lambda: _("Listed by %(publisher)s."),
    "list-of": lambda: _("List of %(date)s."),
    "was-until": lambda: _("It was valid until %(date)s."),
    "facts": lambda: _("What was signed"),
    "compare": lambda: _("Compare with the document in front of you."),
    "compare-how": lambda: _(
        "Every fact must be the same on the paper. The figure must be the same too. Look at a document with a "
        "photo: is it this person?"
    ),
    "rosette": lambda: _("Rosette of this certificate"),
    "law": lambda: _("This does not replace an exam that the law asks for, for example for a visa."),
    "checked": lambda: _("Checked without a network on %(date)s at %(time)s (UTC)."),
    "online": lambda: _("Check it with the network"),
    # to leave nothing behind
    "forget": lambda: _("Remove this page and its list from this device"),
    "forgotten": lambda: _("They are removed. Close this page."),
}  # fmt: skip


def page_words() -> dict[str, str]:
    """Return the texts of the page itself, in the language of the page."""
    return {f"page.{key}": say() for key, say in _PAGE.items()}


def words() -> dict[str, str]:
    """Return {key: text} in the language of the page."""
    return {
        **page_words(),
        **{f"reason.{reason}": said for reason, said in verdict.sentences().items()},
        **{f"code.{key}": say() for key, say in codes.SENTENCES.items()},
        **presenting.words(),
    }


def languages() -> dict[str, str]:
    """Return the languages of the verifier, each by its own name: those of offices and of the whole interface.

    Not those of learners alone: names of countries and dates come from the browser, and few know Albanian.
    """
    return {**i18n.UI_LANGUAGES, **i18n.OFFICE_LANGUAGES}


def texts(tags: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Return {language: {key: text}}."""
    found = {}
    for tag in tags if tags is not None else languages():
        with i18n.in_language(tag):
            found[tag] = words()
    return found
