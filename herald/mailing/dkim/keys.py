"""The private key that signs, and the record by which receivers know it.

RSA (RFC 6376, RFC 8301) is understood everywhere.  Ed25519 (RFC 8463) is short and fast, and not
yet verified by all: who uses it alone is unsigned for those.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from herald.mailing.dns.dkim import RSA_ADVISED, RSA_LEAST, read_tags

SIGNING_KEY = "smtp.dkim_key"

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class KeyFault:
    """Why mail cannot be signed, as a sentence for whoever writes config/herald.yaml."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key that can sign, under the name by which its public half is published."""

    selector: str
    private: PrivateKey

    @property
    def kind(self) -> str:
        """``rsa`` or ``ed25519``, as the record's ``k=`` says it."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def bits(self) -> int:
        """How long the key is."""
        return self.private.key_size if isinstance(self.private, RSAPrivateKey) else 256

    @property
    def is_weak(self) -> bool:
        """Tell whether a longer key is advised today."""
        return self.kind == "rsa" and self.bits < RSA_ADVISED

    @property
    def public(self) -> str:
        """What the record's ``p=`` says."""
        key = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode("ascii")

    @property
    def record(self) -> str:
        """The TXT record that is to stand below ``_domainkey`` of each domain that signs."""
        return f"v=DKIM1; k={self.kind}; p={self.public}"

    def is_published_by(self, record: str) -> bool:
        """Tell whether a record holds this key's other half, and not that of another."""
        return published_key(record) == self.private.public_key()


def read_key(written: str, *, selector: str | None, folder: Path) -> SigningKey | KeyFault:
    """Return the key that a setting names or holds; *written* is a path, or the PEM text itself.

    A path counts from *folder*.
    """
    if not selector:
        return KeyFault(
            f"{SIGNING_KEY} is set, and nobody knows under what name its other half is published:"
            " add smtp: {dkim_selector: s1}, with the name before ._domainkey in your DNS"
        )
    pem, where = written.replace("\\n", "\n"), "the value of HERALD_SMTP__DKIM_KEY"
    if "-----BEGIN" not in written:
        path = folder / written
        where = str(path)
        try:
            pem = path.read_text(encoding="ascii")
        except OSError as error:
            return KeyFault(f"{where} cannot be read: {error.strerror} (see {SIGNING_KEY})")
        except UnicodeDecodeError:
            return KeyFault(f"{where} is no PEM file, which begins with -----BEGIN (convert it)")
    return _loaded(pem, where, selector)


def published_key(record: str) -> PublicKey | None:
    """Return the key that a TXT record publishes, None if none can be read."""
    tags = read_tags(record) or {}
    try:
        raw = base64.b64decode("".join(tags.get("p", "").split()), validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            return Ed25519PublicKey.from_public_bytes(raw)
        # Either form is about: SubjectPublicKeyInfo, or the RSAPublicKey alone.
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def new_key(kind: str, *, bits: int = RSA_ADVISED) -> bytes:
    """Return a new private key as a PEM file's content; *kind* is ``rsa`` or ``ed25519``."""
    private: PrivateKey = (
        Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else generate_private_key(public_exponent=65537, key_size=bits)
    )
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _loaded(pem: str, where: str, selector: str) -> SigningKey | KeyFault:
    for mark, why in _NO_PRIVATE_KEY.items():
        if mark in pem:
            return KeyFault(f"{where} {why}")
    try:
        private = load_pem_private_key(pem.encode("ascii"), password=None)
    except TypeError:
        return KeyFault(f"{where} is locked with a passphrase: let the key lie there without one")
    except (ValueError, UnicodeEncodeError, UnsupportedAlgorithm):
        return KeyFault(
            f"{where} holds no private key that can be read: is a part missing? `herald newsletter"
            " dkim-key` makes a new one"
        )
    if not isinstance(private, PrivateKey):
        return KeyFault(f"{where} holds a key of another kind: DKIM knows RSA and Ed25519")
    if isinstance(private, RSAPrivateKey) and private.key_size < RSA_LEAST:
        return KeyFault(
            f"the key in {where} has {private.key_size} bits, and receivers do not look at"
            f" signatures with less than {RSA_LEAST}: make one of {RSA_ADVISED}"
        )
    return SigningKey(selector=selector, private=private)


_NO_PRIVATE_KEY = {
    "PUBLIC KEY-----": "holds the public half of a key; to sign, the private one is needed, which"
    " was made together with it",
    "BEGIN CERTIFICATE": "holds a certificate; a private key is needed",
}
