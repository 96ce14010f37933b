"""Invented coding sessions without private data: what an agent reads and writes in thirty turns."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterator

from router_plugin.request import Conversation, Origin, Segment, Surface, Turn

TURNS = 30
_NAMES = ("Mira Solberg", "Tobias Renner", "Aiko Tanaka", "Pedro Alvim", "Ruth Oduya", "Liam Kerr", "dependabot[bot]")
_MODULES = ("billing", "parser", "scheduler", "search", "auth", "cache", "export", "metrics", "inventory", "mailer")
_VERBS = ("load", "render", "merge", "validate", "retry", "flush", "resolve", "encode", "schedule", "index")
_ASKS = (
    "The tests for {m} fail since yesterday, please find out why.",
    "Add retries with backoff to the {m} client and a test for the timeout.",
    "Refactor {m} so that the session token is refreshed in one place.",
    "Why does the {m} endpoint return 401 although the token is valid?",
    "Write a migration that adds a nullable column to the {m} table.",
    "My colleague says the {m} cache never expires. Can you check?",
    "Update the dependencies of {m} and fix whatever breaks.",
    "Please add a password strength check to the {m} form and document it.",
    "The secret for {m} should come from the environment, not from the config file.",
    "Make the {m} page accessible: labels, focus order, contrast.",
)


def _sha(rnd: random.Random, size: int = 40) -> str:
    return hashlib.sha512(rnd.randbytes(16)).hexdigest()[:size]


def _mail(name: str) -> str:
    return name.lower().replace(" ", ".").replace("[bot]", "") + "@northlight-soft.dev"


def python_file(rnd: random.Random, m: str) -> str:
    verb, other = rnd.sample(_VERBS, 2)
    return f'''# Copyright (c) 2021-2024 {rnd.choice(_NAMES)} <{_mail(rnd.choice(_NAMES[:-1]))}>
# SPDX-License-Identifier: Apache-2.0
"""{m.title()}: {verb} and {other} records."""

import os
import logging
from dataclasses import dataclass

API_KEY = os.environ["{m.upper()}_API_KEY"]
TIMEOUT_MS = {rnd.randrange(100, 90000)}
MAGIC = 0x{_sha(rnd, 8)}


@dataclass
class {m.title()}Client:
    base_url: str = "http://127.0.0.1:{rnd.randrange(3000, 9999)}/v1"
    token: str | None = None
    password: str = ""

    def {verb}(self, patient_id: int, account: str = "demo") -> dict:
        headers = {{"Authorization": f"Bearer {{self.token}}", "X-Request-Id": "{uuid.UUID(int=rnd.getrandbits(128))}"}}
        return self._get(f"/{{patient_id}}", headers=headers, timeout=TIMEOUT_MS / 1000)

    def {other}(self, rows):
        return [row for row in rows if row["id"] % {rnd.randrange(2, 99)} == 0 and row["email"].endswith("@example.com")]
'''


def typescript_file(rnd: random.Random, m: str) -> str:
    return f"""import {{ useState }} from 'react';

const ENDPOINT = 'https://api.example.com/{m}/v2';
const colours = ['#{_sha(rnd, 6)}', '#{_sha(rnd, 6)}'];

export function {m.title()}Form({{ onSubmit }}: {{ onSubmit: (p: string) => void }}) {{
  const [password, setPassword] = useState('');
  const [email, setEmail] = useState('user@example.com');
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return (
    <form onSubmit={{() => onSubmit(password)}}>
      <input type="tel" placeholder="(555) 123-4567" pattern="[0-9]{{3}}-[0-9]{{3}}-[0-9]{{4}}" />
      <input type="password" value={{password}} onChange={{(e) => setPassword(e.target.value)}} />
      <svg viewBox="0 0 24 24"><path d="M{rnd.random() * 20:.3f} {rnd.random() * 20:.3f}l4.56 12.1c.34.9 1.2 1.5 2.1 1.5h{rnd.randrange(9)}z" /></svg>
    </form>
  );
}}
"""


def git_log(rnd: random.Random, m: str) -> str:
    lines = []
    for _ in range(6):
        name = rnd.choice(_NAMES)
        lines.append(
            f"commit {_sha(rnd)}\nAuthor: {name} <{_mail(name)}>\n"
            f"Date:   Tue Mar {rnd.randrange(1, 29)} {rnd.randrange(10, 23)}:{rnd.randrange(10, 59)}:07 2024 +0100\n\n"
            f"    Fix #{rnd.randrange(100, 9000)}: {rnd.choice(_VERBS)} {m} once\n\n"
            f"    Signed-off-by: {name} <{_mail(name)}>\n    Co-authored-by: {rnd.choice(_NAMES[:-1])} <{_mail(name)}>\n"
        )
    return "\n".join(lines)


def git_diff(rnd: random.Random, m: str) -> str:
    return (
        f"diff --git a/src/{m}.py b/src/{m}.py\nindex {_sha(rnd, 7)}..{_sha(rnd, 7)} 100644\n--- a/src/{m}.py\n"
        f"+++ b/src/{m}.py\n@@ -{rnd.randrange(99)},7 +{rnd.randrange(99)},9 @@ def {rnd.choice(_VERBS)}(token, secret=None):\n"
        f'-    secret = settings.SECRET_KEY\n+    secret = os.environ.get("SECRET_KEY")\n+    if not secret:\n'
        f'+        raise ConfigError("SECRET_KEY is missing")\n     return sign(token, secret)\n'
    )


def package_lock(rnd: random.Random, m: str) -> str:
    entries = {
        f"node_modules/{name}": {
            "version": f"{rnd.randrange(20)}.{rnd.randrange(20)}.{rnd.randrange(20)}",
            "resolved": f"https://packages.acme-forge.dev/{name}/-/{name}-1.2.3.tgz",
            "integrity": f"sha512-{base64.b64encode(rnd.randbytes(64)).decode()}",
            "engines": {"node": ">=12.0.0"},
        }
        for name in ("acorn", "picocolors", "ws", "semver", "esbuild", f"@scope/{m}")
    }
    return json.dumps({"name": m, "lockfileVersion": 3, "packages": entries}, indent=2)


def stack_trace(rnd: random.Random, m: str) -> str:
    frames = "\n".join(
        f'  File "/usr/lib/python3.11/site-packages/{rnd.choice(_MODULES)}/core.py", line {rnd.randrange(10, 4000)}, in '
        f"{rnd.choice(_VERBS)}\n    return self._{rnd.choice(_VERBS)}(key, token=token)"
        for _ in range(5)
    )
    return (
        f"Traceback (most recent call last):\n{frames}\n{m}.errors.AuthError: token expired at 17{rnd.randrange(10**8):08d}"
        f" (request {uuid.UUID(int=rnd.getrandbits(128))})\n\nThe above exception was the direct cause of the following exception"
    )


def java_trace(rnd: random.Random, m: str) -> str:
    return f'Exception in thread "main" java.lang.IllegalStateException: no {m} bean\n' + "\n".join(
        f"\tat org.northlight.{rnd.choice(_MODULES)}.{rnd.choice(_VERBS).title()}Service.{rnd.choice(_VERBS)}"
        f"(Service.java:{rnd.randrange(20, 900)})"
        for _ in range(8)
    )


def pytest_run(rnd: random.Random, m: str) -> str:
    dots = "\n".join(
        f"tests/test_{rnd.choice(_MODULES)}.py {'.' * rnd.randrange(5, 40)} [{n * 20}%]" for n in range(1, 6)
    )
    return (
        f"============ test session starts ============\nplatform linux -- Python 3.11.7, pytest-8.3.2\n{dots}\n"
        f"FAILED tests/test_{m}.py::test_password_reset - AssertionError: assert 200 == 401\n"
        f"{rnd.randrange(100, 900)} passed, 1 failed in {rnd.random() * 100:.2f}s"
    )


def compose_file(rnd: random.Random, m: str) -> str:
    return (
        f"services:\n  {m}:\n    image: ghcr.io/northlight/{m}:1.{rnd.randrange(90)}.0\n    ports: ['{rnd.randrange(1024, 65000)}:8080']\n"
        "    environment:\n      DATABASE_URL: postgres://postgres:postgres@db:5432/app\n      REDIS_URL: redis://redis:6379/0\n"
        "      JWT_SECRET: ${JWT_SECRET:?set it in .env}\n      ADMIN_EMAIL: admin@example.com\n  db:\n    image: postgres:16\n"
        "    environment:\n      POSTGRES_PASSWORD: postgres\n"
    )


def workflow(rnd: random.Random, m: str) -> str:
    return (
        f"name: {m}\non: [push]\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@{_sha(rnd)}\n"
        "      - run: npm ci\n      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n"
        "          AWS_ACCESS_KEY_ID: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"
    )


def listing(rnd: random.Random, m: str) -> str:
    return "total 88\n" + "\n".join(
        f"-rw-r--r-- 1 dev dev {rnd.randrange(100, 900000):>7} Mar {rnd.randrange(1, 29):>2} 10:{rnd.randrange(10, 59)} {name}"
        for name in (f"{m}.py", "README.md", "LICENSE", ".env.example", "id_map.json", "private_key_loader.go")
    )


def env_example(rnd: random.Random, m: str) -> str:
    return (
        f"# copy to .env\n{m.upper()}_API_KEY=your-api-key-here\nSECRET_KEY=changeme\nDB_PASSWORD=\nSMTP_USER=user@example.com\n"
        f"SMTP_PASSWORD=<password>\nPORT={rnd.randrange(1024, 9999)}\nALLOWED_HOSTS=localhost,127.0.0.1,0.0.0.0,10.0.0.{rnd.randrange(255)}\n"
    )


def server_log(rnd: random.Random, m: str) -> str:
    return "\n".join(
        f"2024-03-{rnd.randrange(10, 28)}T10:{rnd.randrange(10, 59)}:{rnd.randrange(10, 59)}.{rnd.randrange(10**6):06d}Z INFO {m} "
        f"{rnd.choice(('GET', 'POST'))} /v1/{rnd.choice(_MODULES)}/{rnd.randrange(10**6)} 200 {rnd.randrange(900)}ms "
        f"trace={_sha(rnd, 32)} span={_sha(rnd, 16)} bytes={rnd.randrange(10**7)} client=10.4.{rnd.randrange(255)}.{rnd.randrange(255)}"
        for _ in range(14)
    )


def asset(rnd: random.Random, m: str) -> str:
    image = base64.b64encode(b"\x89PNG" + rnd.randbytes(300)).decode()
    return f".icon-{m} {{ background: url(data:image/png;base64,{image}); width: 24px }}"


def checksums(rnd: random.Random, m: str) -> str:
    return "\n".join(f"{_sha(rnd, 64)}  dist/{m}-{n}.tar.gz" for n in range(5)) + f"\nmd5 {_sha(rnd, 32)}"


def sql(rnd: random.Random, m: str) -> str:
    rows = ",\n".join(
        f"  ({n}, 'Test User {n}', 'user{n}@example.com', '2020-01-{n:02d}', {rnd.randrange(10**5)}.50)"
        for n in range(1, 8)
    )
    return (
        f"CREATE TABLE {m}_patients (id bigint PRIMARY KEY, name text, email text UNIQUE, created date, balance numeric);\n"
        f"INSERT INTO {m}_patients VALUES\n{rows};\nSELECT count(*) FROM {m}_patients WHERE balance > 100;"
    )


def readme(rnd: random.Random, m: str) -> str:
    return (
        f"# {m}\n\nA small service that keeps {m} records. Run `docker compose up` and open http://localhost:8080.\n\n"
        "## Security\n\nReport vulnerabilities to security@northlight-soft.dev. Never put secrets into the repository. Passwords are hashed with "
        "argon2id; tokens expire after 15 minutes.\n\n## Licence\n\nPermission is hereby granted, free of charge, to any person obtaining a "
        f"copy.\nCopyright (c) 2019 {rnd.choice(_NAMES[:-1])}\n\n![build](https://ci.example.org/badge/{_sha(rnd, 12)}.svg)\n"
    )


def kubectl(rnd: random.Random, m: str) -> str:
    return "NAME READY STATUS RESTARTS AGE IP\n" + "\n".join(
        f"{m}-{_sha(rnd, 10)}-{_sha(rnd, 5)} 1/1 Running {rnd.randrange(4)} {rnd.randrange(90)}d 10.244.{rnd.randrange(255)}.{rnd.randrange(255)}"
        for _ in range(6)
    )


def rust_file(rnd: random.Random, m: str) -> str:
    return (
        f"use std::collections::HashMap;\n\n/// {m.title()} keyed by a 64-bit id.\npub struct {m.title()}<'a> {{\n    secret: &'a [u8; 32],\n"
        f"    table: HashMap<u64, &'a str>,\n}}\n\nconst PRIMES: [u64; 4] = [{', '.join(str(rnd.getrandbits(60)) for _ in range(4))}];\n\n"
        f'#[test]\nfn {rnd.choice(_VERBS)}_works() {{\n    assert_eq!(hash(b"token"), 0x{_sha(rnd, 16)});\n}}\n'
    )


def go_file(rnd: random.Random, m: str) -> str:
    return (
        f'package {m}\n\nimport (\n\t"context"\n\t"time"\n)\n\n// Client talks to the {m} service. It is safe for concurrent use.\n'
        f'type Client struct {{\n\tToken string `json:"token,omitempty"`\n\tSecret string `json:"-"`\n}}\n\nfunc (c *Client) Do(ctx context.Context) '
        f'error {{\n\tctx, cancel := context.WithTimeout(ctx, {rnd.randrange(1, 60)}*time.Second)\n\tdefer cancel()\n\treturn c.send(ctx, "/{m}/'
        f'{uuid.UUID(int=rnd.getrandbits(128))}")\n}}\n'
    )


RESULTS: tuple[Callable[[random.Random, str], str], ...] = (
    python_file, typescript_file, git_log, git_diff, package_lock, stack_trace, java_trace, pytest_run, compose_file, workflow,
    listing, env_example, server_log, asset, checksums, sql, readme, kubectl, rust_file, go_file,
)  # fmt: skip
_REPLIES = (
    "I'll look at the {m} module first.",
    "The failure comes from the expired token: `refresh()` is called after the request. Let me check the callers.",
    "Two tests cover the password reset, both mock the clock. I'll run them with the new fixture.",
    "The lock file pins an old version; the integrity hash differs. Updating it now.",
    "Done. The secret is read from the environment, and the start fails with a clear message without it.",
    "The stack trace shows that `{m}` closes the session twice. I'll add a guard and a regression test.",
)


def sessions(count: int = 40, seed: int = 11) -> Iterator[Conversation]:
    """`count` sessions of TURNS turns each: a request, then tool calls, results and remarks."""
    for number in range(count):
        rnd = random.Random(f"{seed}-{number}")
        m = rnd.choice(_MODULES)
        segments = [
            Segment(
                "messages[0].content",
                "You are a coding agent. Read before you edit, run the tests, never commit secrets.",
                Origin.SYSTEM,
            )
        ]
        for turn in range(1, TURNS):
            place = f"messages[{turn}].content"
            step = turn % 3
            if turn % 10 == 1:
                segments.append(Segment(place, rnd.choice(_ASKS).format(m=m), Origin.USER))
            elif step == 0:
                arguments = json.dumps(
                    {"path": f"src/{m}/{rnd.choice(_VERBS)}.py", "line": rnd.randrange(2000), "cmd": "pytest -q -x"}
                )
                segments.append(
                    Segment(f"messages[{turn}].tool_calls[0].function.arguments", arguments, Origin.TOOL_CALL)
                )
            elif step == 1:
                segments.append(Segment(place, rnd.choice(RESULTS)(rnd, rnd.choice(_MODULES)), Origin.TOOL_RESULT))
            else:
                segments.append(Segment(place, rnd.choice(_REPLIES).format(m=m), Origin.ASSISTANT))
        yield Conversation(Surface.CHAT, (Turn(Origin.USER, segments[1].text),), tuple(segments), ())
