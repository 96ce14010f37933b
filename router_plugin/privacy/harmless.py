"""Values that look private and are not: documentation addresses, authorship lines, an operator's allow list."""

# ruff: noqa: E501, SIM905 - word lists, one entry a line

from __future__ import annotations

import re

from .rule import Hit

# RFC 2606 second-level names; ".example" and ".test" hosts are used for real-looking people, so they count as private.
_EXAMPLE_DOMAINS = frozenset({"example.com", "example.org", "example.net", "example.edu", "domain.com", "domain.tld", "email.com", "test.com", "company.com", "yourdomain.com", "mail.com", "host.com", "hostname.com", "your-domain.com"})  # fmt: skip
_ROLE = frozenset(
    "password pass passwd pwd noreply no-reply donotreply do-not-reply git root user username you your your.name name someone anyone example test "
    "foo bar foobar support info hello contact admin postmaster webmaster abuse security sales help press legal privacy "
    "license licensing dev devel bugs bug-report team maintainers announce list "
    "first.last firstname.lastname me myname abc xyz user1 user2 test1 demo service notifications billing "
    "office careers jobs media conduct opensource oss".split()
)
_AUTHORSHIP = re.compile(
    r"(?i)(?:authors?|committer|co-authored-by|signed-off-by|reviewed-by|acked-by|reported-by|tested-by|suggested-by|cc|maintainer|maintainers|"
    r"copyright|\(c\)|©|written by|created by|contributors?|contributed by|__author__|__email__|author_email|@author|"
    r"packager|uploader|changed-by|bugs|homepage|spdx|licen[sc]e)\b[^\n@]{0,70}$"
)
# A heading "AUTHORS", or one more name below such a line in a comment.
_AUTHOR_LIST = re.compile(
    r"(?i)(?:authors?|maintainers?|contributors?|contributions from|credits)\b[^@\n]{0,16}\n[^@]{0,60}$"
    r"|(?:authors?|copyright)\b[^@\n]{0,64}(?:\n[ \t]*[#*;/]+[^@\n]{0,30}){1,3}$|\bby [A-Z][\w. ]{2,30}<$"
    r"|>[,;]?\n[ \t]*(?:#[ \t]{2,}|//[ \t]|\*[ \t]{2,})[\w .'-]{3,40}<$"
)
_DECORATORS = frozenset("staticmethod classmethod property override final abstractmethod overload dataclass".split())
_CODE_HOSTS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "users.noreply.github.com", "codeberg.org", "git.sr.ht", "ssh.dev.azure.com", "openssh.com", "libssh.org"})  # fmt: skip
_COUNTING = frozenset({"1234567890", "0123456789", "1234567", "123456789", "11234567890", "9876543210"})
_PRIVATE_IP = re.compile(
    r"^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|192\.168\.|22[4-9]\.|2[3-5][0-9]\.|255\.|1\.1\.1\.1$|1\.0\.0\.1$|8\.8\.[48]\.[48]$|9\.9\.9\.9$)"
)


def harmless_email(hit: Hit) -> bool:
    """Documentation and role addresses, version-control hosts, and names on authorship or licence lines."""
    name, _, domain = hit.value.lower().rpartition("@")
    name = name.strip("'\"`<(.=*#-")
    labels = domain.split(".")
    base = ".".join(labels[-2:])
    if base in _EXAMPLE_DOMAINS or domain in _CODE_HOSTS or domain.endswith(".noreply.github.com"):
        return True
    if (
        not name
        or name.split("+")[0] in _ROLE
        or len(labels[-1]) > 14
        or labels[-1] in {"invalid", "localhost", "local", "png", "jpg", "svg", "py", "js", "ts"}
    ):
        return True
    if hit.before.endswith("@") and name in _DECORATORS:
        return True
    line = hit.before.rpartition("\n")[2]
    return bool(_AUTHORSHIP.search(line) or _AUTHOR_LIST.search(hit.before))


def harmless_ip(hit: Hit) -> bool:
    """Loopback, private, link-local, multicast and public resolver addresses."""
    value = hit.value.lower()
    if ":" in value:
        return value.startswith(("fe80", "ff0", "::1", "fd", "fc", "2001:db8")) and not re.search(
            r"(?i)\b(?:his|her|my|user|customer)\b", hit.before
        )
    return bool(_PRIVATE_IP.match(value)) or hit.after[:1] == "/" or hit.before.endswith((".", "v", "version "))


def harmless_phone(hit: Hit) -> bool:
    """Area code 555, counting digits, and numbers in arithmetic, that only look like a phone number."""
    number = "".join(c for c in hit.value if c.isdigit())
    if (number.removeprefix("1").startswith("555") and len(number.removeprefix("1")) == 10) or number in _COUNTING:
        return True
    return bool(re.search(r"[=*/^]\s{0,2}$|\d[+\-*/]\s?$|0x$", hit.before[-4:])) or hit.after[:1] in {"*", "=", "%"}
