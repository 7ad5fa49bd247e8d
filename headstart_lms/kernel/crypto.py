"""The installation's key: what is derived from it, what is sealed with it. It lives outside the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Keyring:
    """One 32-byte key in ``<folder>/installation.key`` (made when missing, mode 600), and keys derived from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._derived: dict[str, bytes] = {}
        self._root = self._load()

    def _load(self) -> bytes:
        file = self.folder / "installation.key"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.folder / f".installation.{os.getpid()}.{secrets.token_hex(4)}"
        if not file.exists():
            # written aside and linked, so that two processes that start together agree on one key
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(handle, secrets.token_hex(32).encode())
                os.fsync(handle)
            finally:
                os.close(handle)
            try:
                os.link(fresh, file)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        root = bytes.fromhex(file.read_text().strip())
        if len(root) != 32:
            raise ValueError(f"{file} does not hold a 32-byte key")
        return root

    def key(self, purpose: str) -> bytes:
        """Return 32 bytes that belong to one purpose (HMAC-SHA-256 as the expansion of RFC 5869 for one block)."""
        if purpose not in self._derived:
            self._derived[purpose] = hmac.digest(self._root, b"headstart:" + purpose.encode(), "sha256")
        return self._derived[purpose]

    def mac(self, purpose: str, *parts: bytes) -> bytes:
        """Return HMAC-SHA-256 over the parts, each with its length, so that no two lists of parts agree."""
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.digest(self.key(purpose), message, "sha256")

    def seal(self, purpose: str, data: bytes) -> bytes:
        """Encrypt with AES-256-GCM; the purpose is bound to the text. The first byte is the format, 1."""
        nonce = secrets.token_bytes(12)
        return b"\x01" + nonce + AESGCM(self.key("seal:" + purpose)).encrypt(nonce, data, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what ``seal`` made. Raises ValueError when it is not ours or was changed."""
        if len(sealed) < 29 or sealed[0] != 1:
            raise ValueError("this was not sealed by this program")
        try:
            return AESGCM(self.key("seal:" + purpose)).decrypt(sealed[1:13], sealed[13:], purpose.encode())
        except InvalidTag as error:
            raise ValueError("this was sealed with another key, or changed") from error


_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512(),
}  # fmt: skip


def verify_with_certificate(algorithm: str, certificate: bytes, signed: bytes, signature: bytes) -> None:
    """Check an RSA signature (RS256, RS384, RS512 of RFC 7518 3.3) with the key of a certificate in DER.

    Whether the certificate is to be trusted is not asked. Raises ValueError when it cannot be read, its key is
    no RSA key of at least 1,024 bits, or the signature is not of that key.
    """
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("the certificate cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey) or not 1024 <= key.key_size <= 8192:
        raise ValueError("the key of the certificate is no RSA key of 1,024 to 8,192 bits")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), _RSA_HASHES[algorithm])
    except InvalidSignature as error:
        raise ValueError("the signature was not made with the key of the certificate, or changed") from error


def digest(token: str) -> str:
    """Return the SHA-256 of a random token, hex: what the database keeps of it."""
    return hashlib.sha256(token.encode()).hexdigest()


# OWASP's minimum for argon2id; the library's default costs 240 ms of CPU and would freeze lessons (TRUST 6.5).
_passwords = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    return _passwords.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether a password fits; takes as long when there is no stored one."""
    try:
        return _passwords.verify(stored or _DUMMY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


_DUMMY = _passwords.hash(secrets.token_hex(16))
