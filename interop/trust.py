"""Keys and certificate chains for the lab's services, and the two files by which clients know them.

What comes in: a folder, and where the services answer. What goes out: PEM files for Fulcio, the TSA and Rekor; the
trusted root and the signing config, written by `cosign` itself. The keys live as long as the lab.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from interop.processes import must

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PrivateKeyTypes

LOG_NAME = "127.0.0.1"
"""Rekor's origin, which must be the host of its URL in the trusted root."""
CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


def start_time() -> datetime:
    """When everything in the lab begins to be valid."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def write_authorities(folder: Path) -> None:
    """The CA's and the TSA's chains and keys, and Rekor's key.

    `ca.pem` and `tsa.pem` hold a chain each, the certificate that signs first and the root last.
    """
    ca_root, ca_root_key = _authority("lab CA root", None, None, None)
    ca, ca_key = _authority("lab CA", ca_root, ca_root_key, CODE_SIGNING)
    _write_chain(folder / "ca.pem", ca, ca_root)
    _write_key(folder / "ca.key", ca_key)

    tsa_root, tsa_root_key = _authority("lab TSA root", None, None, None)
    between, between_key = _authority("lab TSA intermediate", tsa_root, tsa_root_key, TIME_STAMPING)
    tsa_key = ec.generate_private_key(ec.SECP256R1())
    usages = x509.ExtendedKeyUsage([TIME_STAMPING])
    tsa = (
        _certificate("lab TSA", tsa_key, between)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(usages, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(between_key.public_key()), critical=False)
        .sign(between_key, hashes.SHA256())
    )
    _write_chain(folder / "tsa.pem", tsa, between, tsa_root)
    _write_key(folder / "tsa.key", tsa_key)

    log_key = ed25519.Ed25519PrivateKey.generate()
    _write_key(folder / "rekor.key", log_key)
    write_public_key(folder / "rekor.pub", log_key)


def write_public_key(path: Path, key: PrivateKeyTypes) -> None:
    """A public key as PEM."""
    public = key.public_key()
    path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def write_fulcio_config(path: Path, issuers: Mapping[str, str]) -> None:
    """Fulcio's list of issuers (YAML): each URL with its issuer type."""
    lines = ["oidc-issuers:"]
    for url, kind in issuers.items():
        lines += [f"  {url}:", f"    issuer-url: {url}", "    client-id: sigstore", f"    type: {kind}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_trusted_root(
    cosign: Path, environment: Mapping[str, str], folder: Path, urls: Mapping[str, str], since: datetime
) -> None:
    """`trusted_root.json` by `cosign trusted-root create`; `urls` has `fulcio`, `rekor`, `tsa` and `ct`."""
    start = f"start-time={since:%Y-%m-%dT%H:%M:%SZ}"
    must(
        [
            cosign,
            "trusted-root",
            "create",
            f"--fulcio=url={urls['fulcio']},certificate-chain={folder / 'ca.pem'},{start}",
            f"--ctfe=url={urls['ct']},public-key={folder / 'ct.pub'},{start}",
            f"--tsa=url={urls['tsa']},certificate-chain={folder / 'tsa.pem'},{start}",
            f"--rekor=url={urls['rekor']},public-key={folder / 'rekor.pub'},{start},origin={LOG_NAME}",
            f"--out={folder / 'trusted_root.json'}",
        ],
        environment,
    )


def write_signing_config(
    cosign: Path, environment: Mapping[str, str], path: Path, urls: Mapping[str, str], since: datetime
) -> None:
    """A signing config by `cosign signing-config create`, of those services that `urls` has."""
    start = f"start-time={since:%Y-%m-%dT%H:%M:%SZ},operator=lab"
    command: list[str | Path] = [cosign, "signing-config", "create", f"--out={path}"]
    if "fulcio" in urls:
        command.append(f"--fulcio=url={urls['fulcio']},api-version=1,{start}")
    if "rekor" in urls:
        command += [f"--rekor=url={urls['rekor']},api-version=2,{start}", "--rekor-config=ANY"]
    if "tsa" in urls:
        command += [f"--tsa=url={urls['tsa']}/api/v1/timestamp,api-version=1,{start}", "--tsa-config=ANY"]
    if "oidc" in urls:
        command.append(f"--oidc-provider=url={urls['oidc']},api-version=1,{start}")
    must(command, environment)


def write_server_certificate(folder: Path, host: str) -> tuple[Path, Path, Path]:
    """A TLS certificate for a name of this machine: its authority, itself and its key, as PEM files."""
    root, root_key = _authority("lab TLS root", None, None, None)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _certificate(host, key, root)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    paths = folder / "tls-root.pem", folder / "tls.pem", folder / "tls.key"
    _write_chain(paths[0], root)
    _write_chain(paths[1], certificate)
    _write_key(paths[2], key)
    return paths


def self_signed(name: str, key: rsa.RSAPrivateKey) -> x509.Certificate:
    """A certificate of a key by itself."""
    return _certificate(name, key, None).sign(key, hashes.SHA256())


def _authority(
    name: str,
    above: x509.Certificate | None,
    above_key: CertificateIssuerPrivateKeyTypes | None,
    usage: x509.ObjectIdentifier | None,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A CA's certificate and key: a root, or below another CA."""
    key = ec.generate_private_key(ec.SECP384R1())
    signing = above_key or key
    builder = (
        _certificate(name, key, above)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1 if above is None else 0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if above is not None:
        identifier = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
        builder = builder.add_extension(authority, critical=False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(signing, hashes.SHA256()), key


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, above: x509.Certificate | None
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "gate lab"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    since = start_time()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if above is None else above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=30))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_chain(path: Path, *certificates: x509.Certificate) -> None:
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates))


def _write_key(path: Path, key: PrivateKeyTypes) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
