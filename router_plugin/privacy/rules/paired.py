"""Secrets whose name stands apart from them: records of name and value, arguments, options of tools, cookies, hashes."""

# ruff: noqa: E501 - patterns, one entry a line

from __future__ import annotations

import re

from router_plugin.privacy.rule import Hit, Rule
from router_plugin.privacy.values import classes, password, placeholder, random_tail, token

from .credentials import basic_auth, login_password, long_token, mixed_password
from .shapes import prefix, word

_NAME = r"(?:password|passwd|passphrase|pwd|pass|secret|token|api[-_ ]?key|access[-_ ]?key|[a-z]_key)"
_SHORT_NAME = r"(?:password|passwd|passphrase|pwd|pass|secret|token|key)"
_VALUE = r"([^\s\"'`,;<>]{6,200})"


def _secret(hit: Hit) -> bool:
    """A password of three kinds of characters, or a long random token."""
    return mixed_password(hit) or long_token(hit)


def _session(hit: Hit) -> bool:
    value = hit.value.removeprefix("s%3A")
    return len(value) >= 16 and any(c.isdigit() for c in value) and token(Hit(value, hit.whole, hit.before, hit.after))


def _hash(hit: Hit) -> bool:
    return not placeholder(hit.value) and classes(hit.value) >= 3


def _connected(hit: Hit) -> bool:
    """The last argument of a call that logs in; a dotted or called name is code."""
    return mixed_password(hit) and not re.search(r"[(){}\[\]]|^[\w.]+\.[a-z_]+$", hit.value)


RULES = (
    # {"name": "DB_PASSWORD", "value": "..."}, Kubernetes' env, Terraform's default, .NET's <add key= value=>
    Rule("secrets.named_value", rf"(?i)\b(?:name|key|id|variable)[\"']?\s{{0,3}}[:=]?\s{{0,3}}[\"']?[a-z0-9_.:/-]{{0,40}}{_NAME}[\"']?\s{{0,3}}[,{{]?\s{{1,24}}[\"']?(?:value|default)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{_VALUE}", rf"(?i:{_SHORT_NAME}[\"']?\s*[,{{]?\s+[\"']?(?:value|default))", digits="", check=_secret),
    Rule("secrets.named_value_tight", rf"(?i)[\"'][a-z0-9_.-]{{0,40}}{_NAME}[\"'],\s{{0,3}}[\"']value[\"']\s?:\s?[\"']{_VALUE}", rf"(?i:{_SHORT_NAME}[\"']\s*,\s*[\"'])", digits="", check=_secret),
    Rule("secrets.argument", rf"(?i)[\"'][a-z0-9_.-]{{0,40}}{_NAME}[\"']\]?\s{{0,2}},\s{{0,3}}[\"']{_VALUE}[\"']", rf"(?i:{_SHORT_NAME}[\"']\s*,\s*[\"'])", digits="", check=_secret),
    Rule("secrets.default", rf"(?i)\b[a-z0-9_.]{{0,40}}{_NAME}[\"']?[\])]?\s{{0,2}}(?:\|\||\?\?|\bor\b|:-)\s{{0,2}}[\"']?{_VALUE}", rf"(?i:{_SHORT_NAME}[\"']?[\])]?\s*(?:\|\||\?\?|or\s|:-))", digits="", check=_secret),
    Rule("secrets.login_call", r"(?i)(?:auth\s?=\s?\(|basicauth\(|getconnection\(|networkcredential\(|\w_connect\(|\bpdo\(|\blogin\(|\bset_?password\(|[= ]password\()[^)\n]{0,80}?[\"']([^\s\"']{6,64})[\"']\s{0,2}\)", r"(?i:auth ?= ?\(|basicauth\(|getconnection\(|networkcredential\(|_connect\(|pdo\(|login\(|set_?password\(|[= ]password\()", digits="", check=_connected),
    Rule("secrets.powershell_secure", r"(?i)\bConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?[\"']?([^\s\"'$(]{6,})[\"']?", word(r"ConvertTo-SecureString"), digits="", check=password),
    Rule("secrets.powershell_item", rf"(?i)\b(?:set|new)-item(?:property)?\b[^\n]{{0,60}}?{_NAME}[\"']?\s{{1,3}}-value\s{{1,3}}[\"']?{_VALUE}", rf"(?i:{_SHORT_NAME}[\"']?\s+-value)", digits="", check=_secret),
    Rule("secrets.registry_add", rf"(?i)\breg add\b[^\n]{{0,120}}?/v \S{{0,30}}{_NAME}\S{{0,10}} [^\n]{{0,40}}?/d {_VALUE}", word(r"reg add"), digits="", check=password),
    Rule("secrets.value_attribute", rf"(?i)<{_NAME}\s{{1,3}}value\s?=\s?[\"']{_VALUE}[\"']", rf"(?i:<{_SHORT_NAME}\s)", digits="", check=_secret),
    Rule("secrets.sql_insert", r"(?i)\binsert into\b[^\n;]{0,120}\b(?:password|passwd|pwd|secret|token|api_key)\b[^\n;]{0,80}\bvalues\b[^\n;]{0,200}?['\"]([^\s'\"]{6,})['\"]", r"(?i:insert into)", digits="", check=_secret),
    # --- options of tools
    Rule("secrets.tool_option", r"(?i)\b(?:docker login|podman login|az login|redis-cli|plink|pscp|ldap(?:search|add|modify|whoami)|sqlcmd|bcp|7z|unzip|unrar|keytool|jarsigner|smbclient|mosquitto_(?:pub|sub)|htpasswd|openssl)\b[^\n|;]{0,120}?\s(?:-pw?|-a|-w|-k|-storepass|-keypass|--pass|-bc? \S{1,40} \S{1,40})[ =]?['\"]?([^\s'\"]{6,})", word(r"(?:docker|podman|az) login|redis-cli|plink|pscp|ldap(?:search|add|modify|whoami)|sqlcmd|bcp|7z|unzip|unrar|keytool|jarsigner|smbclient|mosquitto_(?:pub|sub)|htpasswd|openssl"), digits="", check=mixed_password),
    Rule("secrets.option", r"(?i)(?:^|[\s\"'-])(?:requirepass|masterauth|redis_auth|storepass|keypass|pre-shared-key|(?:wpa[23]?[-_]?)?psk|ansible_\w{0,10}pass|snmp-server community|(?:wi-?fi|wlan|wpa[23]?|network)[- ](?:key|schl[uü]ssel|passwort|code)|enable secret(?: [0-9])?|ssid [^\s,]{1,32}, key)[\"']?[\s:=]{1,3}[\"']?([^\s\"'`,;<>]{6,})", word(r"requirepass|masterauth|redis_auth|storepass|keypass|pre-shared-key|(?:wpa[23]?[-_]?)?psk|ansible_[a-z_]*pass|snmp-server community|(?:wi-?fi|wlan|wpa[23]?|network)[- ](?:key|schl[uü]ssel|passwort|code)|enable secret|ssid"), digits="", check=lambda hit: password(hit) or long_token(hit)),
    Rule("secrets.cisco_user", r"(?i)\busername \S{1,40} (?:privilege [0-9]{1,2} )?(?:password|secret) (?:[0-9] )?([^\s]{6,})", word(r"username"), digits="", check=password),
    Rule("secrets.wifi_code", r"WIFI:[^\n]{0,80}?P:([^;\s]{6,63});", r"WIFI:", digits="", check=lambda hit: not placeholder(hit.value)),  # ZXing, "Wi-Fi network config"
    Rule("secrets.oracle_login", r"(?i)(?:\b(?:sqlplus|expdp|impdp|rman|sqlldr)\b[^\n]{0,30}?\s|\bthin:)[a-z][\w$#]{1,30}/([^\s/@'\"]{4,})@", r"(?i:sqlplus|expdp|impdp|rman|sqlldr|thin:)", digits="", check=login_password),
    Rule("secrets.piped_password", r"(?i)\becho\s{1,2}(?:-n )?['\"]?(?:[a-z_][a-z0-9_-]{0,31}:)?([^'\"\s|]{4,})['\"]?\s{0,2}\|\s{0,2}(?:sudo )?(?:chpasswd|passwd --stdin)", r"\|\s*(?:sudo )?(?:chpasswd|passwd --stdin)", digits="", check=login_password),
    Rule("secrets.net_user", r"(?i)\bnet\s(?:user\s{1,3}[^\s/]{1,40}|use\s{1,3}[^\n]{1,60}?)\s{1,3}([^\s/\\]{6,})\s{1,3}/(?:add|user|active)", r"(?i:net use)", digits="", check=mixed_password),
    # --- after a word alone, where nothing but a password looks like that
    Rule("secrets.password_word", rf"(?i)(?:^|[^a-z])(?:pwd|passwd|(?:user|login|account)(?:name)?[ :]{{1,2}}\S{{1,40}}[, ]{{1,2}}pass|mdp|clave|passcode|has[lł]o|heslo|jelsz[oó]|l[oö]senord|salasana|parola|密码|密碼|パスワード|비밀번호|password's) {{1,2}}{_VALUE}", word(r"pwd|passwd|pass|mdp|clave|passcode|has[lł]o|heslo|jelsz[oó]|l[oö]senord|salasana|parola|密码|密碼|パスワード|비밀번호|password's"), digits="after", check=mixed_password),
    Rule("secrets.password_behind", rf"(?i)(?:^|[\s\"'`(]){_VALUE}[\"'`]{{0,2}},? (?:as )?(?:my|the|our|his|her) (?:new |old )?(?:password|passphrase)\b", word(r"password|passphrase"), digits="before", check=mixed_password),
    # --- cookies, addresses
    Rule("secrets.session_cookie", r"(?i)(?:^|[^a-z0-9])(?:phpsessid|jsessionid|aspsessionid[a-z]{0,8}|asp\.net_sessionid|\.aspxauth|connect\.sid|laravel_session|sessionid|session_token|sid|_[a-z]{2,20}_session|remember_(?:me|token|web))[\"']?\s?[=:]\s?[\"']?([^\s\"';,&]{16,})", r"(?i:sess(?:ion)?_?(?:id|token)?|sid|aspxauth|remember_[a-z]+)[\"']?\s?[=:]", digits="", check=_session, near=r"cookie|phpsessid|jsessionid|asp\.net_sessionid|aspxauth|connect\.sid|laravel_session"),
    Rule("secrets.curl_cookie", r"(?i)\bcurl\b[^\n]{0,160}?\s(?:-b|--cookie)[ =]?['\"]?[^\s=;'\"]{1,40}=([^\s;'\"]{12,})", r"\s(?:-b|--cookie)", digits="", check=_session),
    Rule("secrets.cookie_file", r"(?:TRUE|FALSE)\t/[^\t\n]{0,80}\t(?:TRUE|FALSE)\t[0-9]{1,12}\t[^\t\n]{1,80}\t([^\s]{16,})", r"(?:TRUE|FALSE)\t/", check=_session),  # Netscape's cookies.txt
    Rule("secrets.url_key", r"(?i)[?&](?:key|auth|pass|passw|pw|session|sid|sig|signature)=([^\s&\"'<>#]{12,})", r"(?i:[?&](?:key|auth|passw?|pw|session|sid|sig|signature)=)", digits="", check=long_token),
    Rule("secrets.url_user", r"(?i)\b(?:https?|git)://([a-z0-9_-]{24,})@[a-z0-9]", r"://[^\s/@\"'<>]*@", check=long_token),
    Rule("secrets.npm_auth", r"(?i)\b_auth\s?=\s?\"?([a-z0-9+/]{8,}={0,2})", r"_auth\s?=", digits="", check=basic_auth),
    # --- hashes of passwords: crypt(5), the password hashing competition's string format, Windows' pwdump
    Rule("secrets.password_hash", r"(\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}|\$(?:1|5|6|y|7|apr1)\$(?:rounds=[0-9]{1,9}\$)?[^\s$:]{1,40}\$[./A-Za-z0-9]{20,90}|\$argon2(?:id|i|d)\$[^\s\"']{40,200}|\bpbkdf2_sha256\$[0-9]{1,9}\$[^\s$]{4,40}\$[A-Za-z0-9+/]{43}=)", r"\$(?:2[abxy]|1|5|6|y|7|apr1|argon2[id]{1,2})\$|pbkdf2_sha256\$", check=_hash),
    Rule("secrets.windows_hash", r"\b([a-f0-9]{32}:[a-f0-9]{32}):::", r":::", digits="before"),
    Rule("secrets.bitlocker_key", r"\b((?:[0-9]{6}-){7}[0-9]{6})\b", r"[0-9]{6}-[0-9]{6}-[0-9]{6}-", check=lambda hit: len(set(hit.value)) > 4, strong=True),
    Rule("secrets.extended_key", r"\b([xyz]prv[1-9A-HJ-NP-Za-km-z]{100,112})\b", prefix(r"[xyz]prv[1-9A-HJ-NP-Za-km-z]{6}"), check=random_tail, strong=True),  # BIP 32
    # --- codes in messages
    Rule("secrets.code_message", r"(?i)(?:^|[^0-9a-z.])(?:g-)?([0-9]{4,8}) (?:is|as|ist|est|es) (?:your|my|the|ihr|dein|votre|tu|su) (?:[a-z0-9-]{2,16} ){0,2}(?:code|passcode|otp|pin|best[äa]tigungscode|sicherheitscode)\b", r"[0-9] (?:is|as|ist|est|es) (?:your|my|the|ihr|Ihr|dein|Dein|votre|tu|su) ", digits="", unless=r"\b(?:exit|status|error|zip|area|country|postal|http|response|return) code"),
    Rule("secrets.code_told", r"(?i)(?:验证码|驗證碼|認証コード|確認コード|인증번호|код подтверждения|пин-?код|code de v[ée]rification|best[äa]tigungscode|verifizierungscode|sicherheitscode|c[óo]digo de (?:verificaci[óo]n|seguridad|confirmaci[óo]n)|code de s[ée]curit[ée]|\bpuk\d?)(?: (?:est|es|ist|lautet|is))?[^0-9\n]{0,4}([0-9]{3,8})\b", r"(?i:验证码|驗證碼|認証コード|確認コード|인증번호|код подтверждения|пин-?код|v[ée]rification|gungscode|izierungscode|sicherheitscode|de (?:verificaci|seguridad|confirmaci)|de s[ée]curit|puk)", digits="after"),
    Rule("secrets.json_key", r"\"(?:d|k)\"\s?:\s?\"([A-Za-z0-9_-]{32,1000})\"", r"\"[dk]\"\s?:", digits="", near=r"\"kty\"", check=random_tail),  # RFC 7517
    Rule("secrets.xml_key", r"<D>([A-Za-z0-9+/=\s]{24,800})</D>", r"<D>[A-Za-z0-9+/]", digits="", near=r"RSAKeyValue|<Modulus>|<DQ>|<InverseQ>|<Exponent>", check=random_tail),
)  # fmt: skip
