"""Secrets beside a word that says so: assignments, headers, URLs, command lines, and sentences in several languages."""

# ruff: noqa: E501, S105, SIM905 - patterns, one entry a line

from __future__ import annotations

import re

from router_plugin.privacy.rule import Hit, Rule
from router_plugin.privacy.values import classes, password, placeholder, token

from .shapes import word

# Words after which a machine-made secret stands. A plain "key" only counts with a word before it.
_SECRET_WORD = (
    r"(?:api|app|access|auth|account|admin|client|consumer|customer|deploy|encryption|license|master|private|secret|"
    r"security|server|service|session|shared|signing|storage|webhook|write|read|hmac|x)[-_. ]?(?:api[-_. ]?)?(?:key|token|secret)"
    r"|[a-z0-9]{0,20}[-_.]?(?:secret|token|apikey)|[a-z0-9]{2,20}[-_](?:key|pat)"
    r"|credentials?|authorization|bearer|api[-_ ]?key|access[-_ ]?key[-_ ]?id|client[-_ ]?id|subscription[-_ ]key"
)
_PASSWORD_WORD = (
    r"password|passwd|passwort|passphrase|passcode|pwd|passw|pw|pass|kennwort|contrase[nñ]a|clave|senha|palavra-passe"
    r"|mot de passe|mdp|wachtwoord|l[oö]senord|adgangskode|passord|salasana|has[lł]o|heslo|jelsz[oó]|parol[aăe]?|[sş]ifre"
    r"|пароль|пароля|[sş]ifrem|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|पासवर्ड|كلمة المرور|סיסמה|mật khẩu|kata sandi|รหัสผ่าน"
)
_IS = r"(?:\s{0,4}(?::=|=>|=|:|->|：)\s{0,4}|\s{1,3}(?:is|was|are|ist|lautet|es|est|è|é|is now|to|war|jest|je|är|er|on|это|:)[: ]{1,3}|(?:は|是|为|為|는|은)[:： ]{0,2})"
_QUOTE = r"[\"'`“”«‘’\\]{0,3}"
_VALUE = r"([^\s\"'`,;<>“”«»‘’\\]{6,})"

_DIGIT_WORDS = "zero|oh|one|two|three|four|five|six|seven|eight|nine"
_ASSIGNED = r"(?i:(?:key|token|secret|credentials?|authorization|bearer|key[-_ ]?id|client[-_ ]?id|[-_]pat|password|passwd|pwd|passphrase)[\"'\]]{0,2}\s{0,4}(?::|=))"


def _not_reference(hit: Hit) -> bool:
    """Names of public things end in such words too: "publicToken", "csrf-token", "page token"."""
    return token(hit) and not re.search(
        r"(?i)(?:public|csrf|xsrf|next|page|continuation|sync|foreign|primary|cache|sort|partition|bucket|group)[-_ ]?\w{0,12}[\"']?\s{0,3}[:=]?$",
        hit.whole.split(hit.value)[0],
    )


def basic_auth(hit: Hit) -> bool:
    """Base64 of a user and a password, as in HTTP's basic authentication."""
    import base64
    import binascii

    try:
        text = base64.b64decode(hit.value + "=" * (-len(hit.value) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return False
    user, colon, secret = text.partition(":")
    return bool(colon and user) and len(secret) > 3 and not placeholder(secret)


def _url_password(hit: Hit) -> bool:
    value = hit.value
    return len(value) >= 4 and not placeholder(value) and value.lower() not in _DEFAULTS and not value.startswith("$")


def login_password(hit: Hit) -> bool:
    """Where only a password can stand: eight characters, or six of two kinds."""
    return _url_password(hit) and (password(hit) or len(hit.value) >= 8)


_DEFAULTS = frozenset(
    "password passwd pass secret postgres root admin user guest test mysql redis mongo rabbit rabbitmq minio minioadmin "
    "username name token toor".split()
)


def mixed_password(hit: Hit) -> bool:
    """Where other things may stand too: a password of three kinds of characters."""
    return password(hit) and classes(hit.value) >= 3


def long_token(hit: Hit) -> bool:
    """After a word without a sign between, only what no word or name looks like."""
    value = hit.value.strip(".,;:()")
    return len(value) >= 16 and any(c.isdigit() for c in value) and token(hit)


def _words(hit: Hit) -> bool:
    """Twelve or more lower-case words of three to eight letters: a BIP-39 phrase."""
    words = hit.value.split()
    return len(words) >= 6


def _pair(hit: Hit) -> bool:
    user, _, secret = hit.value.partition("/")
    return bool(user.strip()) and password(Hit(secret.strip(), "", "", ""))


def _pin(hit: Hit) -> bool:
    """A year or a GPIO number after "pin" is none; a bare "pin" needs four digits or more and an owner or a verb."""
    whole = hit.whole.lower()
    if whole.startswith(("pin ", "pin:", "pin=")):
        return not re.search(
            r"(?i)gpio|arduino|board|header|led|chip|socket|connector|esp32|raspberry", hit.before + hit.after
        )
    return True


RULES = (
    Rule(
        "secrets.assigned_secret",
        rf"(?i)(?:^|[^a-z0-9])(?:{_SECRET_WORD})[\"'\]]{{0,2}}\s{{0,4}}(?::=|=>|=|:)\s{{0,4}}{_QUOTE}(?:bearer |basic |token )?{_VALUE}", _ASSIGNED,
        digits="",
        check=_not_reference,
    ),
    Rule(
        "secrets.told_secret",
        r"(?i)\b(?:key|token|secret|credentials?|webhook|access id|client id)\b(?: for [a-z0-9 _.-]{1,30}| of [a-z0-9 _.-]{1,30}| we use| i use)?"
        rf"(?:\s{{0,2}}:|\s{{1,3}}(?:is|was|are|=|ist|es|est))\s{{1,3}}{_QUOTE}{_VALUE}", word(r"key|token|secret|credential|webhook|access id|client id"),
        digits="",
        check=token,
    ),
    Rule("secrets.bearer", r"(?i)\bbearer\s{1,3}([a-z0-9._~+/=:%|-]{12,4000}|[a-z0-9._~+/=:%|-]{12,1000})".replace("{12,4000}|[a-z0-9._~+/=:%|-]", ""), word(r"bearer"), digits="", check=token),
    Rule("secrets.basic_auth", r"(?i)\bbasic\s{1,3}([a-z0-9+/]{8,}={0,2})", word(r"basic"), digits="", check=basic_auth),
    Rule("secrets.header", r"(?i)\b(?:x-[a-z-]{0,30}(?:key|token|auth|secret)|authorization|cookie|set-cookie)[\"']?\s{0,2}:\s{0,3}[\"']?([^\s\"']{12,})", word(r"x-[a-z]|authorization|cookie|set-cookie"), digits="", check=token),
    Rule("secrets.used_secret", r"(?i)\b(?:using|with|key|token|credential)\s{1,2}([a-z0-9._:/+=~-]{14,})", r"(?i:unauthori|forbidden|40[13]|credential|access denied|invalid (?:key|token))", digits="", check=token, near=r"unauthori[sz]ed|forbidden|invalid (?:key|token|credential)|\b40[13]\b|credential|access denied"),
    Rule("secrets.hex_pair", r"(?i)(?:token|secret|key|enterprise|sidekiq|gems\.contribsys)[^\n]{0,40}?\b([a-f0-9]{8}:[a-f0-9]{8})\b", r"[a-f0-9]{2}:[a-f0-9]{8}"),
    Rule("secrets.assigned_password", rf"(?i)(?:^|[^a-z0-9])[a-z0-9_.-]{{1,24}}(?:password|passwd|pwd|passphrase)[\"'\]]{{0,2}}\s{{0,4}}(?::=|=>|=|:)\s{{0,4}}{_QUOTE}{_VALUE}", _ASSIGNED, digits="", check=password),
    Rule("secrets.password", rf"(?i)(?:^|[^a-z])(?:{_PASSWORD_WORD})(?: (?:for|of|to|del|de|für|do|da|van|pour) [^\s:=]{{1,20}}(?: [^\s:=]{{1,20}})?(?: [^\s:=]{{1,20}})?)?[\"'\]]{{0,2}}{_IS}{_QUOTE}{_VALUE}", word(_PASSWORD_WORD), digits="", check=password),
    Rule("secrets.password_after_word", rf"(?i)(?:^|[^a-z])(?:password|passphrase|passwort|kennwort|contrase[nñ]a|mot de passe|пароль(?: (?:от|для) [^\s:=]{{1,20}})?|wachtwoord|senha|[sş]ifrem?)\s{{1,2}}{_QUOTE}{_VALUE}", word(_PASSWORD_WORD), digits="", check=password),
    Rule("secrets.password_in_table", rf"(?i)\b(?:password|passwd|pwd|passphrase|passwort)[\"']?(?:,|\t|\s?\|\s?|;){_QUOTE}{_VALUE}", word(_PASSWORD_WORD), digits="", check=mixed_password),
    Rule("secrets.password_then_word", rf"(?i)(?:^|[\s\"'`(]){_VALUE}[\"'`,]{{0,2}} (?:is|as|was|ist|est|es|è|é) (?:the|my|our|his|her|their|mein|das|mon|le|mi|la) (?:[a-z-]{{2,14}} )?(?:password|passphrase|passwort|kennwort|mot de passe|contrase[nñ]a|senha)\b", word(_PASSWORD_WORD), digits="", check=password),
    Rule("secrets.password_element", r"(?i)<[a-z0-9_:.-]{0,24}(?:password|passwd|pwd|passphrase|secret|token|api[-_]?key)>\s{0,20}([^\s<>]{6,200})\s{0,20}</", r"(?i:password|passwd|pwd|passphrase|secret|token|key)>", digits="", check=lambda hit: password(hit) or token(hit)),
    Rule("secrets.sql_password", r"(?i)\bidentified (?:with \w{1,40} )?by(?: values)?\s{1,2}['\"]([^'\"]{4,})['\"]", r"(?i:identified )(?:with|by|WITH|BY)", digits="", check=login_password),
    Rule("secrets.sudo_password", r"(?i)\becho\s{1,2}(?:-n )?['\"]?([^'\"\s|]{4,})['\"]?\s{0,2}\|\s{0,2}sudo\s{1,2}(?:-k )?-S", r"sudo\s{1,2}(?:-k )?-S", digits="", check=login_password),
    Rule("secrets.pgpass", r"(?:^|\s)[A-Za-z0-9.*-]{1,80}:(?:54[0-9]{2}|6432|\*):[^:\s]{1,60}:[^:\s]{1,60}:([^\s:]{4,})", r":(?:54[0-9]{2}|6432|\*):", digits="", check=login_password),  # PostgreSQL manual, "The Password File"
    Rule("secrets.docker_auth", r"(?i)\"auth\"\s{0,2}:\s{0,2}\"([a-z0-9+/]{8,}={0,2})\"", r"\"auth\"", digits="", check=basic_auth),
    Rule("secrets.secret_after_word", rf"(?i)\b(?:(?:signing|webhook|client|shared|consumer|app|bot|access|api|auth|refresh|session|deploy|service|account|personal|admin|license)[ _-](?:secret|token|key)|(?:setx|set|export)\s{{1,2}}[a-z0-9_]{{0,40}}(?:key|token|secret))\s{{1,2}}{_QUOTE}{_VALUE}", word(r"key|token|secret|credential|webhook|access id|client id"), digits="", check=long_token),
    Rule("secrets.login_pair", r"(?i)\b(?:login|log in|credentials?|user(?:name)?|account|root|admin)\b[^\n]{0,40}?[\s:\"']([a-z][\w.@-]{1,30}\s{0,2}/\s{0,2}[^\s/\"']{6,60})", word(r"login|log in|credentials?|user|username|account|root|admin"), digits="", check=_pair),
    Rule("secrets.url_password", r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,80}:([^\s/\"'<>]{2,})@[a-z0-9\[_-]", r"://[^\s/@\"'<>]*@", digits="", check=_url_password),
    Rule("secrets.command_password", r"(?i)\b(?:mysql|mysqldump|mariadb|mysqladmin|mongosh?|psql|sshpass)\b[^\n]{0,80}?\s-p\s?'?\"?([^\s'\"]{4,})", r"\s-p", digits="", check=login_password),
    Rule("secrets.curl_user", r"(?i)\bcurl\b[^\n]{0,}?\s(?:-u|--user)[ =]?['\"]?([^\s:'\"$<{\[]{1,60}:[^\s'\"]{4,})", r"\s(?:-u|--user)", digits="", check=lambda hit: login_password(Hit(hit.value.partition(":")[2], hit.whole, hit.before, hit.after))),
    Rule("secrets.seed_phrase", r"(?i)\b(?:seed phrase|recovery phrase|recovery words|mnemonic|seed words|backup phrase|wallet phrase|secret phrase)\b[^a-z\n]{0,4}(?:is|are|words)?[:\s]{1,3}((?:(?:[0-9]{1,2}[.)] ?)?[a-z]{3,8}[\s,]{1,2}){5,24})", word(r"seed|recovery|mnemonic|backup phrase|wallet phrase|secret phrase"), digits="", check=_words),
    Rule("secrets.pin", r"(?i)\b(?:card pin|pin code|pin[- ]?number|atm pin|my pin|sim pin|his pin|her pin|pin|pin-code|geheimzahl|tan|otp|one[- ]time (?:code|password)|verification code|2fa code|door code|alarm code|safe code|gate code|access code|unlock code|passcode)\b(?: (?:for|to|of) [a-z ]{1,24})?\s{0,2}(?:[:=#]|is|was|ist|es|est|lautet)?\s{0,2}#?([0-9]{4,8})\b", word(r"card pin|pin|atm|geheimzahl|tan|otp|one[- ]time|verification|2fa|door|alarm|safe|gate|access code|unlock|passcode"), digits="after", check=_pin),
    Rule("secrets.lock_code", r"(?i)\b(?:code|combination|combo|kombination|code d'acc[èe]s)\b (?:(?:for|to|of|on) (?:the |my |our |his |her )?(?:[a-z]{2,12} )?(?:lockbox|lock|locker|door|gate|safe|alarm|garage|house|flat|apartment|building|vault|keypad|phone|suitcase|bike) )?(?:is|was|ist|est|:)\s{1,2}([0-9]{1,2}-[0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,2})?|[0-9]{4,8})\b", word(r"code|combination|combo|kombination"), digits="after", near=r"lock|door|gate|safe|alarm|garage|house|flat|apartment|vault|keypad|phone|suitcase|tresor|t[üu]r|porte", unless=r"lock file|lockfile|exit code|status|error code|zip code|postal|country code|area code"),
    Rule("secrets.backup_codes", r"(?i)\b(?:backup|recovery|emergency|scratch) codes?\b\s{0,2}(?::|is|are|=)\s{0,3}([0-9a-z]{4,6}[- ]?[0-9a-z]{4,6})\b", word(r"backup|recovery|emergency|scratch"), digits="after", check=lambda hit: sum(c.isdigit() for c in hit.value) >= 3),
    Rule("secrets.pin_spelled", r"(?i)\b(?:pin|code|combination)\b(?: (?:for|to|of) [a-z ]{1,20})?\s{0,2}(?:[:=]|is|was)\s{1,2}((?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[\s,-]{1,2}){3,7}(?:zero|oh|one|two|three|four|five|six|seven|eight|nine))\b", rf"(?i:(?:{_DIGIT_WORDS})[ ,-]{{1,2}}(?:{_DIGIT_WORDS})[ ,-])", digits=""),
    Rule("secrets.security_answer", r"(?i)\b(?:answer to|security question)\b[^\n?]{0,50}\b(?:security |secret |bank'?s? )(?:question|answer)?[^\n?]{0,30}\b(?:is|was|:)\s+([a-z0-9][^\n]{2,60})", word(r"answer to|security question"), digits="", unless=r"what is|explain|should|how do|example"),
    Rule("secrets.cvv", r"(?i)\b(?:cvv2?|cvc2?|csc|cid|security code|card code|kartenpr[uü]fnummer|cryptogramme)(?:[ _-]?(?:code|number|num))?\b[\"']?\s{0,2}(?:[:=#]|is|ist|es|est|number)?\s{0,2}[\"']?([0-9]{3,4})\b", word(r"cvv|cvc|csc|cid|security code|card code|kartenpr|cryptogramme"), digits="after"),
)  # fmt: skip
