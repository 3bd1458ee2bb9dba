"""What a person types -> where the bytes come from, and under which name a policy judges them."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gate.errors import GateError, InvalidReference
from gate.limits import Deadline, Limits
from gate.reference import Digest, Reference, Transport, canonical_name, parse_digest, parse_reference
from gate.sources import Sources
from gate.sources.access import Access
from gate.sources.registry import Registries

PROPERTY = settings(
    deadline=None, derandomize=True, database=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
HEX = "0123456789abcdef" * 4
SHA256 = f"sha256:{HEX}"
SHA512 = f"sha512:{HEX}{HEX}"


def complaint(text: str, asserted_name: str | None = None) -> str:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text, asserted_name=asserted_name)
    assert caught.value.exit_code == 2
    return str(caught.value)


def outcome(text: str) -> Reference | str:
    """The reference, or the complaint."""
    try:
        return parse_reference(text)
    except InvalidReference as error:
        return str(error)


# Registries

# text, canonical name, host, repository, tag, digest
REMOTE: list[tuple[str, str, str, str, str | None, str | None]] = [
    # Docker Hub, by all its names
    ("nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("nginx:1.27", "docker.io/library/nginx", "docker.io", "library/nginx", "1.27", None),
    (f"nginx@{SHA256}", "docker.io/library/nginx", "docker.io", "library/nginx", None, SHA256),
    ("library/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("acme/api", "docker.io/acme/api", "docker.io", "acme/api", "latest", None),
    ("acme/api:1", "docker.io/acme/api", "docker.io", "acme/api", "1", None),
    ("a/b/c", "docker.io/a/b/c", "docker.io", "a/b/c", "latest", None),
    ("docker.io/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("docker.io/acme/api", "docker.io/acme/api", "docker.io", "acme/api", "latest", None),
    ("DOCKER.IO/acme/api", "docker.io/acme/api", "docker.io", "acme/api", "latest", None),
    ("docker.io:443/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("index.docker.io/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("index.docker.io/acme/api:1", "docker.io/acme/api", "docker.io", "acme/api", "1", None),
    ("registry-1.docker.io/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("registry.hub.docker.com/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("Registry-1.Docker.IO:443/nginx", "docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    # a word alone is Hub's, whatever it looks like, as docker has it
    ("localhost", "docker.io/library/localhost", "docker.io", "library/localhost", "latest", None),
    ("localhost:5000", "docker.io/library/localhost", "docker.io", "library/localhost", "5000", None),
    ("ghcr.io", "docker.io/library/ghcr.io", "docker.io", "library/ghcr.io", "latest", None),
    ("oci", "docker.io/library/oci", "docker.io", "library/oci", "latest", None),
    # other registries
    ("ghcr.io/acme/api", "ghcr.io/acme/api", "ghcr.io", "acme/api", "latest", None),
    ("ghcr.io/acme/api:1.4", "ghcr.io/acme/api", "ghcr.io", "acme/api", "1.4", None),
    ("ghcr.io/acme/api:latest", "ghcr.io/acme/api", "ghcr.io", "acme/api", "latest", None),
    (f"ghcr.io/acme/api@{SHA256}", "ghcr.io/acme/api", "ghcr.io", "acme/api", None, SHA256),
    (f"ghcr.io/acme/api:1.4@{SHA256}", "ghcr.io/acme/api", "ghcr.io", "acme/api", "1.4", SHA256),
    (f"ghcr.io/acme/api@{SHA512}", "ghcr.io/acme/api", "ghcr.io", "acme/api", None, SHA512),
    ("GHCR.IO/acme/api", "ghcr.io/acme/api", "ghcr.io", "acme/api", "latest", None),
    ("ghcr.io:443/acme/api", "ghcr.io/acme/api", "ghcr.io", "acme/api", "latest", None),
    ("ghcr.io:5000/acme/api:1", "ghcr.io:5000/acme/api", "ghcr.io:5000", "acme/api", "1", None),
    ("ghcr.io:80/api", "ghcr.io:80/api", "ghcr.io:80", "api", "latest", None),
    ("ghcr.io:65535/api", "ghcr.io:65535/api", "ghcr.io:65535", "api", "latest", None),
    ("gcr.io/a/b/c/d/e", "gcr.io/a/b/c/d/e", "gcr.io", "a/b/c/d/e", "latest", None),
    ("a.b/c.d", "a.b/c.d", "a.b", "c.d", "latest", None),
    ("ghcr.io/a__b/c.d/e---f", "ghcr.io/a__b/c.d/e---f", "ghcr.io", "a__b/c.d/e---f", "latest", None),
    ("ghcr.io/v2/manifests/x", "ghcr.io/v2/manifests/x", "ghcr.io", "v2/manifests/x", "latest", None),
    ("ghcr.io/docker.io/nginx", "ghcr.io/docker.io/nginx", "ghcr.io", "docker.io/nginx", "latest", None),
    ("xn--80ak6aa92e.com/x", "xn--80ak6aa92e.com/x", "xn--80ak6aa92e.com", "x", "latest", None),
    ("docker.io.evil.com/acme/api", "docker.io.evil.com/acme/api", "docker.io.evil.com", "acme/api", "latest", None),
    ("evil.docker.io/acme/api", "evil.docker.io/acme/api", "evil.docker.io", "acme/api", "latest", None),
    ("ghcr.io/x:_", "ghcr.io/x", "ghcr.io", "x", "_", None),
    ("ghcr.io/x:V1-rc.1_a", "ghcr.io/x", "ghcr.io", "x", "V1-rc.1_a", None),
    (f"x:{'a' * 128}", "docker.io/library/x", "docker.io", "library/x", "a" * 128, None),
    (f"ghcr.io/{'a' * 247}", f"ghcr.io/{'a' * 247}", "ghcr.io", "a" * 247, "latest", None),
    # this machine, and addresses
    ("localhost/x", "localhost/x", "localhost", "x", "latest", None),
    ("LOCALHOST/x", "localhost/x", "localhost", "x", "latest", None),
    ("localhost:5000/x:1", "localhost:5000/x", "localhost:5000", "x", "1", None),
    ("localhost:5000/a/b", "localhost:5000/a/b", "localhost:5000", "a/b", "latest", None),
    ("localhost:443/x", "localhost:443/x", "localhost:443", "x", "latest", None),
    ("127.0.0.1:443/x", "127.0.0.1:443/x", "127.0.0.1:443", "x", "latest", None),
    ("127.0.0.1/x", "127.0.0.1/x", "127.0.0.1", "x", "latest", None),
    ("10.0.0.1:443/x", "10.0.0.1/x", "10.0.0.1", "x", "latest", None),
    ("[::1]/x", "[::1]/x", "[::1]", "x", "latest", None),
    ("[::1]:5000/x:1", "[::1]:5000/x", "[::1]:5000", "x", "1", None),
    (f"[::1]:5000/x@{SHA256}", "[::1]:5000/x", "[::1]:5000", "x", None, SHA256),
    ("[FE80::1]:443/x", "[fe80::1]/x", "[fe80::1]", "x", "latest", None),
    ("[fe80:0::0001]/x", "[fe80::1]/x", "[fe80::1]", "x", "latest", None),
    ("[0:0:0:0:0:0:0:1]:5000/x", "[::1]:5000/x", "[::1]:5000", "x", "latest", None),
    ("[::1]:443/x", "[::1]:443/x", "[::1]:443", "x", "latest", None),
    ("localhost:80/x", "localhost/x", "localhost", "x", "latest", None),
    ("127.0.0.1:80/x", "127.0.0.1/x", "127.0.0.1", "x", "latest", None),
    ("[::1]:80/x", "[::1]/x", "[::1]", "x", "latest", None),
    ("127.evil.com:443/api", "127.evil.com/api", "127.evil.com", "api", "latest", None),
]


@pytest.mark.parametrize(("text", "name", "host", "repository", "tag", "digest"), REMOTE)
def test_a_registrys_image_has_one_canonical_name(
    text: str, name: str, host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    parsed = parse_reference(text)
    assert parsed == Reference(
        text=text,
        transport=Transport.REGISTRY,
        name=name,
        host=host,
        location=repository,
        tag=tag,
        digest=parse_digest(digest) if digest else None,
    )
    assert not parsed.local
    assert not parsed.asserted
    assert canonical_name(name) == (name, host, repository)


def test_the_bytes_come_from_where_the_name_says() -> None:
    hosts = {"docker.io": "registry-1.docker.io", "localhost": "localhost:80"}
    asked, expected = {}, {}
    registries = Registries(Access(), limits=Limits(), deadline=Deadline(60))
    for text, _, host, repository, *_ in REMOTE:
        registry = registries.source(parse_reference(text))._registry
        scheme = "http" if host.startswith(("localhost", "127.0.", "[::1]")) else "https"
        asked[text] = registry.manifest_url("TAG")
        expected[text] = f"{scheme}://{hosts.get(host, host)}/v2/{repository}/manifests/TAG"
    assert asked == expected


READ = "gate reads registry/repository:tag, oci:DIR, oci-archive:FILE and file:PATH"
NO_ADDRESS = "is not a host name, nor an address as in 10.0.0.5 or [fd00::5]"
NO_REPOSITORY = "is not a repository name (lower-case letters, digits and . _ - /)"
CREDENTIALS = (
    "before the @ there seems to be a user name or password, which a reference has not; "
    "gate takes them from docker login"
)
NO_DIGEST = "is not a digest: expected sha256: and 64 lower-case hex digits"
CONTROL = "is not an image reference: its path has control characters"
NOTHING_OR_SPACES = "is not an image reference: empty, or with spaces or control characters"

WRONG: list[tuple[str, str]] = [
    # nothing, and what is not printed
    ("", f"'' {NOTHING_OR_SPACES}"),
    (" ", f"' ' {NOTHING_OR_SPACES}"),
    ("ghcr.io/acme/api ", f"'ghcr.io/acme/api ' {NOTHING_OR_SPACES}"),
    (" ghcr.io/acme/api", f"' ghcr.io/acme/api' {NOTHING_OR_SPACES}"),
    ("ghcr.io/acme api", f"'ghcr.io/acme api' {NOTHING_OR_SPACES}"),
    ("ghcr.io/acme/api\n", f"'ghcr.io/acme/api\\n' {NOTHING_OR_SPACES}"),
    ("ghcr.io/acme/api\t:1", f"'ghcr.io/acme/api\\t:1' {NOTHING_OR_SPACES}"),
    ("ghcr.io/acme/api\x00", f"'ghcr.io/acme/api\\x00' {NOTHING_OR_SPACES}"),
    ("\x1b[31mnginx", f"'\\x1b[31mnginx' {NOTHING_OR_SPACES}"),
    ("nginx\x7f", f"'nginx\\x7f' {NOTHING_OR_SPACES}"),
    ("nginx\x9b", f"'nginx\\x9b': 'library/nginx\\x9b' {NO_REPOSITORY}"),
    ("nginx\xa0", f"'nginx\\xa0': 'library/nginx\\xa0' {NO_REPOSITORY}"),
    ("nginx\u200b", f"'nginx\\u200b': 'library/nginx\\u200b' {NO_REPOSITORY}"),
    ("nginx\u202e", f"'nginx\\u202e': 'library/nginx\\u202e' {NO_REPOSITORY}"),
    ("nginx\ud800", f"'nginx\\ud800': 'library/nginx\\ud800' {NO_REPOSITORY}"),
    # schemes and credentials
    (
        "https://ghcr.io/acme/api",
        "'https://ghcr.io/acme/api': a reference has no scheme; write registry/repository:tag",
    ),
    (
        "docker://ghcr.io/acme/api",
        f"'docker://ghcr.io/acme/api': a reference has no scheme; {READ}",
    ),
    ("user:secret@ghcr.io/acme/api", f"'...@ghcr.io/acme/api': {CREDENTIALS}"),
    ("user:se@cret@ghcr.io/acme/api:1", f"'...@ghcr.io/acme/api:1': {CREDENTIALS}"),
    ("user@ghcr.io/acme/api", f"'...@ghcr.io/acme/api': {CREDENTIALS}"),
    # repositories
    ("ghcr.io/", f"'ghcr.io/': '' {NO_REPOSITORY}"),
    ("ghcr.io/Acme/api", f"'ghcr.io/Acme/api': 'Acme/api' {NO_REPOSITORY}"),
    ("Acme/api", f"'Acme/api': 'Acme/api' {NO_REPOSITORY}"),
    ("ghcr.io//api", f"'ghcr.io//api': '/api' {NO_REPOSITORY}"),
    ("ghcr.io/acme//api", f"'ghcr.io/acme//api': 'acme//api' {NO_REPOSITORY}"),
    ("ghcr.io/acme/", f"'ghcr.io/acme/': 'acme/' {NO_REPOSITORY}"),
    ("/acme/api", "'/acme/api': a path says what is there: oci:DIR, oci-archive:FILE or file:PATH"),
    ("ghcr.io/../api", f"'ghcr.io/../api': '../api' {NO_REPOSITORY}"),
    ("ghcr.io/acme/..", f"'ghcr.io/acme/..': 'acme/..' {NO_REPOSITORY}"),
    ("ghcr.io/./api", f"'ghcr.io/./api': './api' {NO_REPOSITORY}"),
    ("ghcr.io/acme/api?x=1", f"'ghcr.io/acme/api?x=1': 'acme/api?x=1' {NO_REPOSITORY}"),
    ("ghcr.io/acme/api#x", f"'ghcr.io/acme/api#x': 'acme/api#x' {NO_REPOSITORY}"),
    ("ghcr.io/acme%2fapi", f"'ghcr.io/acme%2fapi': 'acme%2fapi' {NO_REPOSITORY}"),
    ("ghcr.io/acme\\api", f"'ghcr.io/acme\\\\api': 'acme\\\\api' {NO_REPOSITORY}"),
    ("ghcr.io/acme/*", f"'ghcr.io/acme/*': 'acme/*' {NO_REPOSITORY}"),
    ("ghcr.io/acm\u00e9/api", f"'ghcr.io/acm\\xe9/api': 'acm\\xe9/api' {NO_REPOSITORY}"),
    ("ghcr.io/\u0430cme/api", f"'ghcr.io/\\u0430cme/api': '\\u0430cme/api' {NO_REPOSITORY}"),
    ("ghcr.io/a___b", f"'ghcr.io/a___b': 'a___b' {NO_REPOSITORY}"),
    ("ghcr.io/a..b", f"'ghcr.io/a..b': 'a..b' {NO_REPOSITORY}"),
    ("ghcr.io/-a", f"'ghcr.io/-a': '-a' {NO_REPOSITORY}"),
    ("ghcr.io/a-", f"'ghcr.io/a-': 'a-' {NO_REPOSITORY}"),
    ("--policy", f"'--policy': 'library/--policy' {NO_REPOSITORY}"),
    # hosts
    ("ghcr.io./acme/api", "'ghcr.io./acme/api': the host ends in a dot; write it without"),
    ("ghcr.io.:443/acme/api", "'ghcr.io.:443/acme/api': the host ends in a dot; write it without"),
    ("docker.io./nginx", "'docker.io./nginx': the host ends in a dot; write it without"),
    ("ghcr..io/api", "'ghcr..io/api': 'ghcr..io' is not a host name"),
    (".io/api", "'.io/api': '.io' is not a host name"),
    ("-ghcr.io/api", "'-ghcr.io/api': '-ghcr.io' is not a host name"),
    ("ghcr-.io/api", "'ghcr-.io/api': 'ghcr-.io' is not a host name"),
    ("gh_cr.io/api", "'gh_cr.io/api': 'gh_cr.io' is not a host name"),
    ("ghcr.io:0/api", "'ghcr.io:0/api': 'ghcr.io:0' is not a host name"),
    ("ghcr.io:65536/api", "'ghcr.io:65536/api': 'ghcr.io:65536' is not a host name"),
    ("ghcr.io:/api", "'ghcr.io:/api': 'ghcr.io:' is not a host name"),
    ("ghcr.io:https/api", "'ghcr.io:https/api': 'ghcr.io:https' is not a host name"),
    ("ghcr.io:44\u0663/api", "'ghcr.io:44\\u0663/api': 'ghcr.io:44\\u0663' is not a host name"),
    ("\u0261hcr.io/api", "'\\u0261hcr.io/api': '\\u0261hcr.io' is not a host name"),
    ("[]/api", "'[]/api': '[]' is not a host name"),
    ("[::1/api", "'[::1/api': '[::1' is not a host name"),
    ("[::1]x/api", "'[::1]x/api': '[::1]x' is not a host name"),
    ("[fe80::1%eth0]/api", "'[fe80::1%eth0]/api': '[fe80::1%eth0]' is not a host name"),
    ("[::1]", f"'[::1]': 'library/[::1]' {NO_REPOSITORY}"),
    ("dir:/image", f"'dir:/image': gate does not read dir: images; {READ}"),
    ("ghcr.io:0443/api", "'ghcr.io:0443/api': 'ghcr.io:0443': write the port without leading zeros, as :443"),
    ("10.5:5000/api", f"'10.5:5000/api': '10.5:5000' {NO_ADDRESS}"),
    ("10.0.0.05/api", f"'10.0.0.05/api': '10.0.0.05' {NO_ADDRESS}"),
    ("0x0a.0.0.5/api", f"'0x0a.0.0.5/api': '0x0a.0.0.5' {NO_ADDRESS}"),
    ("10.0.0.0x5/api", f"'10.0.0.0x5/api': '10.0.0.0x5' {NO_ADDRESS}"),
    ("167772165:5000/api", f"'167772165:5000/api': '167772165:5000' {NO_ADDRESS}"),
    ("10.0.0.256/api", f"'10.0.0.256/api': '10.0.0.256' {NO_ADDRESS}"),
    ("[::ffff:10.0.0.5]/api", "'[::ffff:10.0.0.5]/api': '[::ffff:10.0.0.5]' is not a host name"),
    ("[::ffff:a00:5]/api", "'[::ffff:a00:5]/api': '[::ffff:a00:5]': write the IPv4 address 10.0.0.5"),
    # tags and digests
    ("nginx:", "'nginx:': '' is not a tag"),
    ("nginx:-1", "'nginx:-1': '-1' is not a tag"),
    ("nginx:.1", "'nginx:.1': '.1' is not a tag"),
    ("nginx:1+2", "'nginx:1+2': '1+2' is not a tag"),
    ("nginx:\u0661", "'nginx:\\u0661': '\\u0661' is not a tag"),
    (f"nginx:@{SHA256}", f"'nginx:@{SHA256}': '' is not a tag"),
    ("ghcr.io/x:1:2", f"'ghcr.io/x:1:2': 'x:1' {NO_REPOSITORY}"),
    ("nginx@", f"'' {NO_DIGEST}"),
    ("nginx@1.27", f"'1.27' {NO_DIGEST}"),
    ("nginx@sha256:abc", f"'sha256:abc' {NO_DIGEST}"),
    (f"nginx@{SHA256.upper()}", f"'{SHA256.upper()}' {NO_DIGEST}"),
    (f"nginx@sha256:{HEX.upper()}", f"'sha256:{HEX.upper()}' {NO_DIGEST}"),
    (f"nginx@sha256:{HEX}0", f"'sha256:{HEX}0' {NO_DIGEST}"),
    (f"nginx@sha512:{HEX}", f"'sha512:{HEX}' {NO_DIGEST}"),
    (f"nginx@sha384:{HEX}", f"'sha384:{HEX}' {NO_DIGEST}"),
    (f"nginx@{SHA256}:1.27", f"'{SHA256}:1.27' {NO_DIGEST}"),
    (f"nginx@{SHA256}@{SHA256}", f"'{SHA256}@{SHA256}' {NO_DIGEST}"),
    # local images
    ("oci:", "'oci:' names no path: write oci:PATH"),
    ("oci-archive:", "'oci-archive:' names no path: write oci-archive:PATH"),
    (f"oci:@{SHA256}", f"'oci:@{SHA256}' names no path: write oci:PATH"),
    ("oci::1.4", "'oci::1.4' names no path: write oci:PATH"),
    ("oci:image:", "'oci:image:': '' is not a tag"),
    ("oci:image:1+2", "'oci:image:1+2': '1+2' is not a tag"),
    ("oci:image@sha256:abc", f"'sha256:abc' {NO_DIGEST}"),
    ("oci:image\x00", f"'oci:image\\x00' {CONTROL}"),
    ("oci:image\x1b[31m", f"'oci:image\\x1b[31m' {CONTROL}"),
    ("oci:image\x9b", f"'oci:image\\x9b' {CONTROL}"),
    ("file:a\ud800", "'file:a\\ud800' is not an image reference: no file has a name like that"),
    ("file:", "'file:' names no path: write file:PATH"),
    ("file:///builds/app.tar", f"'file:///builds/app.tar': a reference has no scheme; {READ}"),
    ("oci://ghcr.io/acme/api", f"'oci://ghcr.io/acme/api': a reference has no scheme; {READ}"),
]


def test_what_names_no_image_is_refused_with_the_reason() -> None:
    assert {text: complaint(text) for text, _ in WRONG} == dict(WRONG)
    assert len(WRONG) > 60


def test_a_name_that_is_too_long_is_refused_and_shown_in_part() -> None:
    for text in (f"ghcr.io/{'a' * 248}", f"{'a' * 300}.io/api", f"ghcr.io/{'a/' * 200}b"):
        assert complaint(text).endswith("the name is longer than 255 characters")
    assert len(complaint("a" * 100_000)) < 1000
    assert len(complaint("a" * 100_000 + "!")) < 1000
    assert len(complaint(f"nginx:{'a' * 129}")) < 1000
    assert len(complaint(f"nginx@{'a' * 100_000}")) < 1000


# Local images

# text, transport, path, tag, digest
LOCAL: list[tuple[str, Transport, str, str | None, str | None]] = [
    ("oci:image", Transport.LAYOUT, "image", None, None),
    ("oci:image:1.4", Transport.LAYOUT, "image", "1.4", None),
    (f"oci:image@{SHA256}", Transport.LAYOUT, "image", None, SHA256),
    (f"oci:image:1.4@{SHA256}", Transport.LAYOUT, "image", "1.4", SHA256),
    (f"oci:image@{SHA512}", Transport.LAYOUT, "image", None, SHA512),
    ("oci:/builds/acme/image", Transport.LAYOUT, "/builds/acme/image", None, None),
    ("oci:/builds/acme/image:1.4", Transport.LAYOUT, "/builds/acme/image", "1.4", None),
    ("oci:./image", Transport.LAYOUT, "./image", None, None),
    ("oci:../image", Transport.LAYOUT, "../image", None, None),
    ("oci:.", Transport.LAYOUT, ".", None, None),
    ("oci:/a:b/c", Transport.LAYOUT, "/a:b/c", None, None),
    ("oci:/a:b/c:d", Transport.LAYOUT, "/a:b/c", "d", None),
    ("oci:Image", Transport.LAYOUT, "Image", None, None),
    ("oci:b\u00fcild", Transport.LAYOUT, "b\u00fcild", None, None),
    ("oci:ghcr.io/acme/api", Transport.LAYOUT, "ghcr.io/acme/api", None, None),
    ("file:app@2.tar:1", Transport.FILE, "app@2.tar:1", None, None),
    (f"file:app.tar@{SHA256}", Transport.FILE, f"app.tar@{SHA256}", None, None),
    ("oci-archive:image.tar", Transport.ARCHIVE, "image.tar", None, None),
    ("oci-archive:/out/image.tar:1.4", Transport.ARCHIVE, "/out/image.tar", "1.4", None),
    (f"oci-archive:image.tar@{SHA256}", Transport.ARCHIVE, "image.tar", None, SHA256),
]


@pytest.mark.parametrize(("text", "transport", "path", "tag", "digest"), LOCAL)
def test_a_local_image_is_called_by_its_text(
    text: str, transport: Transport, path: str, tag: str | None, digest: str | None
) -> None:
    parsed = parse_reference(text)
    assert (parsed.name, parsed.text, parsed.transport, parsed.host) == (text, text, transport, "")
    assert (parsed.location, parsed.tag) == (path, tag)
    assert parsed.digest == (parse_digest(digest) if digest else None)
    assert parsed.local
    assert not parsed.asserted


def test_an_asserted_name_replaces_the_name_and_nothing_else() -> None:
    for text, *_ in LOCAL:
        plain, asserted = parse_reference(text), parse_reference(text, asserted_name="GHCR.io:443/acme/api")
        assert asserted == replace(plain, name="ghcr.io/acme/api", asserted=True)


@pytest.mark.parametrize(
    ("asserted_name", "name"),
    [
        ("ghcr.io/acme/api", "ghcr.io/acme/api"),
        ("ghcr.io:5000/acme/api", "ghcr.io:5000/acme/api"),
        ("nginx", "docker.io/library/nginx"),
        ("acme/api", "docker.io/acme/api"),
        ("index.docker.io/nginx", "docker.io/library/nginx"),
        ("[::1]:5000/api", "[::1]:5000/api"),
    ],
)
def test_an_asserted_name_is_canonical_too(asserted_name: str, name: str) -> None:
    assert parse_reference("oci:image", asserted_name=asserted_name).name == name


NO_NAME = "a name without tag or digest, as in ghcr.io/acme/api"


@pytest.mark.parametrize(
    ("asserted_name", "message"),
    [
        ("", f"'': '' {NO_REPOSITORY}"),
        ("ghcr.io/acme/api:1.4", f"--as 'ghcr.io/acme/api:1.4': {NO_NAME}"),
        (f"ghcr.io/acme/api@{SHA256}", f"--as 'ghcr.io/acme/api@{SHA256}': {NO_NAME}"),
        ("oci:image", f"--as 'oci:image': {NO_NAME}"),
        ("localhost:5000", f"--as 'localhost:5000': {NO_NAME}"),
        ("https://ghcr.io/acme/api", "'https://ghcr.io/acme/api': 'https:' is not a host name"),
        ("ghcr.io./acme/api", "'ghcr.io./acme/api': the host ends in a dot; write it without"),
        ("ghcr.io/Acme/api", f"'ghcr.io/Acme/api': 'Acme/api' {NO_REPOSITORY}"),
        ("ghcr.io/acme/*", f"'ghcr.io/acme/*': 'acme/*' {NO_REPOSITORY}"),
        ("**", f"'**': 'library/**' {NO_REPOSITORY}"),
        ("ghcr.io/acme/api\n", f"'ghcr.io/acme/api\\n': 'acme/api\\n' {NO_REPOSITORY}"),
        ("ghcr.io/../api", f"'ghcr.io/../api': '../api' {NO_REPOSITORY}"),
    ],
)
def test_what_is_no_name_cannot_be_asserted(asserted_name: str, message: str) -> None:
    assert complaint("oci:image", asserted_name) == message


@pytest.mark.parametrize("text", ["ghcr.io/acme/api", "nginx", f"nginx@{SHA256}", "oci/image"])
def test_a_registrys_image_takes_no_asserted_name(text: str) -> None:
    assert complaint(text, text) == "--as names a local image (oci:, oci-archive:); a registry's image has its own name"


# Digests


@pytest.mark.parametrize(("text", "algorithm", "digits"), [(SHA256, "sha256", HEX), (SHA512, "sha512", HEX * 2)])
def test_a_digest_is_read_and_written_alike(text: str, algorithm: str, digits: str) -> None:
    assert parse_digest(text) == Digest(algorithm, digits)
    assert str(parse_digest(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", HEX, "sha256", "sha256:", f"sha256:{HEX[1:]}", f"sha256:{HEX}\n", f" {SHA256}", f"sha256-{HEX}"),
        *(f"sha256:{HEX[1:]}g", f"sha256:{HEX[1:]}\u0661", f"sha256:{HEX}{HEX}", f"sha256:../{HEX[3:]}"),
        *(f"SHA256:{HEX}", f"sha512:{HEX}", f"md5:{HEX[:32]}"),
    ],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_digest(text)
    assert str(caught.value) == f"{text!a} {NO_DIGEST}"


# Properties

ANYTHING = st.text(max_size=60)
LIKELY = st.text(alphabet="aZ0.:/@-_[]*% \\\u00e9\u212a\n", max_size=25)
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "oci:",
                "oci-archive:",
                "file:",
                "docker.io",
                "ghcr.io",
                "localhost",
                "[::1]",
                ":443",
                ":5000",
                ":",
                "/",
                "//",
            ),
            *("@", ".", "..", "acme", "API", "nginx", "library", "latest", SHA256, SHA512, "sha256:", "://"),
            *("-", "_", "%2f", "\u212a", "\x00"),
        ]
    ),
    max_size=8,
).map("".join)
NAMES = st.builds(
    lambda host, repository: host + "/".join(repository),
    st.sampled_from(["", "ghcr.io/", "GHCR.io:443/", "docker.io/", "index.docker.io/", "localhost:5000/", "[::1]/"]),
    st.lists(st.text(alphabet="abz09", min_size=1, max_size=5), min_size=1, max_size=4),
)
TAGS = st.builds(str.__add__, st.sampled_from("aZ0_"), st.text(alphabet="aZ0_.-", max_size=9))


@PROPERTY
@given(text=ANYTHING | LIKELY | PIECES, asserted_name=st.none() | LIKELY | PIECES)
def test_any_text_is_a_reference_or_is_refused_in_one_printable_line(text: str, asserted_name: str | None) -> None:
    message = ""
    try:
        parsed = parse_reference(text, asserted_name=asserted_name)
    except InvalidReference as error:
        message = str(error)
    else:
        assert parsed.text == text
        assert parsed.asserted is (asserted_name is not None)
        assert parsed.local is text.startswith(("oci:", "oci-archive:", "file:"))
        assert parsed.local or re.fullmatch(r"[a-z0-9.:\[\]-]+/[a-z0-9._/-]+", parsed.name)
    assert message.isprintable()
    assert message.isascii()


@PROPERTY
@given(text=LIKELY | PIECES | NAMES)
def test_a_canonical_name_is_its_own(text: str) -> None:
    try:
        name, host, repository = canonical_name(text)
    except InvalidReference:
        return
    assert name == f"{host}/{repository}"
    assert canonical_name(name) == (name, host, repository)
    parsed = parse_reference(name)
    assert (parsed.name, parsed.host, parsed.location, parsed.tag) == (name, host, repository, "latest")


@PROPERTY
@given(name=NAMES, tag=TAGS, digest=st.sampled_from([SHA256, SHA512]))
def test_tag_and_digest_change_no_name(name: str, tag: str, digest: str) -> None:
    plain, whole = parse_reference(f"{name}:latest"), parse_reference(f"{name}:{tag}@{digest}")
    assert (whole.name, whole.host, whole.location) == (plain.name, plain.host, plain.location)
    assert (whole.tag, str(whole.digest)) == (tag, digest)


@PROPERTY
@given(text=ANYTHING | LIKELY | PIECES)
def test_any_text_is_a_digest_or_is_refused(text: str) -> None:
    if re.fullmatch(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", text):
        assert str(parse_digest(text)) == text
    else:
        with pytest.raises(InvalidReference) as caught:
            parse_digest(text)
        assert str(caught.value).isprintable()


# Bugs that were found


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("oci:/var/jenkins_home/workspace/api@2/image", "/var/jenkins_home/workspace/api@2/image"),
        (f"oci:/var/jenkins_home/workspace/api@2/image:1@{SHA256}", "/var/jenkins_home/workspace/api@2/image"),
        ("oci-archive:/workspace/api@tmp/image.tar", "/workspace/api@tmp/image.tar"),
    ],
)
def test_a_path_may_have_an_at_in_it(text: str, path: str) -> None:
    assert parse_reference(text).location == path


@pytest.mark.parametrize("text", ["oci:/var/jenkins_home/workspace/My Job/image", "oci-archive:C API/image.tar"])
def test_a_path_may_have_a_space_in_it(text: str) -> None:
    assert parse_reference(text).location == text.partition(":")[2]


@pytest.mark.parametrize("text", ["ghcr.io:0443/acme/api", "docker.io:00443/nginx", "registry.acme.com:05000/api"])
def test_a_port_with_leading_zeros_is_folded_or_refused(text: str) -> None:
    found = outcome(text)
    assert isinstance(found, str) or ":0" not in found.name


def test_a_host_that_only_begins_like_loopback_is_none() -> None:
    assert parse_reference("127.evil.com:443/api").name == "127.evil.com/api"


def test_loopback_by_a_longer_name_keeps_its_port_or_is_refused() -> None:
    found = outcome("[0:0:0:0:0:0:0:1]:443/api")
    assert isinstance(found, str) or found.host.endswith(":443")


@pytest.mark.parametrize("text", ["[:]/api", "[1]/api", "[::1::]/api"])
def test_what_is_no_address_is_no_host(text: str) -> None:
    assert complaint(text)


def test_a_host_outside_ascii_is_refused_even_if_lower_case_would_mend_it() -> None:
    assert complaint("doc\u212aer.io/acme/api")


@pytest.mark.parametrize(
    "text", ["docker-archive:image.tar", "docker-daemon:api", "dir:image", "containers-storage:api", "DIR:image"]
)
def test_a_transport_that_gate_does_not_have_is_no_image_of_docker_hub(text: str) -> None:
    transport = text.partition(":")[0].lower()
    assert complaint(text) == f"{text!r}: gate does not read {transport}: images; {READ}"


def test_helms_scheme_is_no_folder() -> None:
    assert "scheme" in complaint("oci://ghcr.io/acme/api:1.4")


def test_a_password_is_not_printed() -> None:
    assert "hunter2" not in complaint("https://ada:hunter2@ghcr.io/acme/api")


def test_credentials_in_a_reference_are_called_so() -> None:
    assert "digest" not in complaint("ada:hunter2@ghcr.io/acme/api")


@pytest.mark.parametrize("text", [":1.4", f"@{SHA256}", "OCI:image", "a:b:c"])
def test_a_complaint_shows_what_was_typed(text: str) -> None:
    assert text in complaint(text)


def test_a_path_that_is_too_long_is_an_error_in_words() -> None:
    with pytest.raises(GateError):
        Sources(limits=Limits(), deadline=Deadline(60)).open(parse_reference(f"oci:{'a' * 300}"))


@pytest.mark.parametrize("text", ["./image", "../image", "/builds/image", "."])
def test_a_path_without_its_transport_is_told_to_have_one(text: str) -> None:
    assert "oci:" in complaint(text)
