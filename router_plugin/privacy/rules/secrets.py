"""Secrets that a prefix or a shape gives away. Formats: the vendors' documentation and secret-scanning guides."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

from router_plugin.privacy.rule import Hit, Rule
from router_plugin.privacy.values import random_tail

from .shapes import prefix


def _mixed(hit: Hit) -> bool:
    """A prefixed value with a digit in it, so that an identifier in code with the same prefix is no match."""
    return random_tail(hit) and any(c.isdigit() for c in hit.value) and not _inside_base64(hit)


def _camel(hit: Hit) -> bool:
    """A prefixed value of mixed case, though it may be all letters: an identifier in code is of one case."""
    tail = hit.value.partition("_")[2]
    return random_tail(hit) and not (tail.islower() or tail.isupper()) and not _inside_base64(hit)


def _inside_base64(hit: Hit) -> bool:
    """A prefix of letters and digits alone also occurs by chance in long base64, such as integrity hashes."""
    joined_on = hit.before[-1:] in {"+", "/"} or hit.after[:1] in {"+", "/", "="}
    return joined_on and hit.value.isalnum()


def _prefix(pattern: str) -> str:
    """The alternatives of `pattern`, each up to the first group or repeat with a character class in it."""
    heads, head, depth, start, open_, escaped = [], "", 0, 0, True, False
    for c in pattern + "|":
        if not escaped and depth == 0 and c == "|":
            heads.append(head)
            head, open_ = "", True
            continue
        if not open_:
            depth += (c == "(") - (c == ")") if not escaped else 0
            escaped = c == "\\" and not escaped
            continue
        if not escaped and c == "[":
            open_, head = False, head[:start] if depth else head
        elif not escaped and c in "()":
            start = len(head) if c == "(" and depth == 0 else start
            depth += 1 if c == "(" else -1
        if open_:
            head += c
        escaped = c == "\\" and not escaped
    return "|".join(heads)


# kind -> pattern of the whole secret. Word boundaries are added below.
_PREFIXED = {
    "aws_access_key": r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}",
    "aws_bedrock_key": r"ABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{16,}",
    "github_token": r"(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}",
    "gitlab_token": r"(?:glpat|gldt|glrt|glrtr|glcbt|glptt|glft|glimt|glagent|gloas|glsoat|glffct|glwt)-"
    r"(?:t[0-9]_)?[A-Za-z0-9_.-]{18,70}|GR1348941[A-Za-z0-9_-]{20}",
    "gitlab_session": r"_gitlab_session=[0-9a-z]{32}",
    "slack_token": r"xox[abposre](?:[.-]|e\.)[A-Za-z0-9-]{20,}|xox[abpose]-[0-9]{8,14}-[A-Za-z0-9-]{14,}|xoxe.xox[bp]-[0-9]-[A-Z0-9]{80,}|xapp-[0-9]-[A-Z0-9]{6,14}-[0-9]{8,14}-[a-f0-9]{32,80}",
    "slack_webhook": r"hooks.slack.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}",
    "openai_key": r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{32,64}",
    "anthropic_key": r"sk-ant-(?:api|admin|oat|sid)[0-9]{2}-[A-Za-z0-9_-]{24,}",
    "openrouter_key": r"sk-or-v1-[a-f0-9]{40,64}",
    "google_api_key": r"AIza[A-Za-z0-9_-]{35}",
    "google_oauth": r"GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,}|1//0[A-Za-z0-9_-]{38,}",
    "huggingface_token": r"hf_[A-Za-z0-9]{30,40}|api_org_[A-Za-z0-9]{34}",
    "groq_key": r"gsk_[A-Za-z0-9]{40,60}",
    "xai_key": r"xai-[A-Za-z0-9]{60,90}",
    "perplexity_key": r"pplx-[A-Za-z0-9]{40,60}",
    "replicate_token": r"r8_[A-Za-z0-9]{36,40}",
    "nvidia_key": r"nvapi-[A-Za-z0-9_-]{50,70}",
    "fireworks_key": r"fw_[A-Za-z0-9]{22,26}",
    "langsmith_key": r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
    "tavily_key": r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,40}",
    "langfuse_key": r"(?:sk|pk)-lf-[a-f0-9]{8}-[a-f0-9-]{27}",
    "pinecone_key": r"pcsk_[A-Za-z0-9_]{40,80}",
    "stripe_key": r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{24,60}",
    "square_token": r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,60}|EAAA[A-Za-z0-9_+=-]{40,64}",
    "facebook_token": r"EAA[MC][A-Za-z0-9]{80,}|[0-9]{15,16}(?:\||%)[0-9A-Za-z_-]{27,40}",
    "twilio_key": r"(?:SK|AC)[0-9a-fA-F]{32}",
    "sendgrid_key": r"SG\.[A-Za-z0-9_=.-]{60,72}",
    "mailgun_key": r"(?:key|pubkey)-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{2}",
    "mailchimp_key": r"[0-9a-f]{32}-us[0-9]{1,2}",
    "sendinblue_key": r"x(?:keysib|smtpsib)-[a-f0-9]{64}-[A-Za-z0-9]{16}",
    "shopify_token": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    "digitalocean_token": r"do[opr]_v1_[a-f0-9]{64}",
    "dropbox_token": r"sl\.[A-Za-z0-9_=-]{130,}|sl\.u\.[A-Za-z0-9_-]{100,}|[a-z0-9]{11}AAAAAAAAAA[a-z0-9_=-]{43}",
    "databricks_token": r"dapi[a-f0-9]{32}(?:-[0-9])?",
    "doppler_token": r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,60}",
    "duffel_token": r"duffel_(?:test|live)_[A-Za-z0-9_=-]{40,46}",
    "dynatrace_token": r"dt0[a-z][0-9]{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}",
    "easypost_key": r"EZ[AT]K[A-Za-z0-9]{54}",
    "flutterwave_key": r"FLW(?:PUB|SEC)K(?:_TEST)?-[a-hA-H0-9]{32}-X|FLWSECK_TEST-[a-h0-9]{12}",
    "frameio_token": r"fio-u-[A-Za-z0-9_=-]{64}",
    "grafana_token": r"gl(?:c|sa)_[A-Za-z0-9+/_]{32,}={0,3}|eyJrIjoi[A-Za-z0-9]{70,}={0,3}",
    "harness_token": r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",
    "terraform_token": r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    "vault_token": r"hv[sbr]\.[A-Za-z0-9_-]{24,}|s\.[A-Za-z0-9]{24}",
    "heroku_key": r"HRKU-[A-Za-z0-9_-]{36,60}",
    "infracost_token": r"ico-[A-Za-z0-9]{32}",
    "intra42_secret": r"s-s4t2(?:ud|af)-[a-f0-9]{64}",
    "linear_key": r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}",
    "lob_key": r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}",
    "gocardless_token": r"live_[A-Za-z0-9_=-]{40}",
    "maxmind_key": r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
    "microsoft_teams_webhook": r"[a-z0-9]+\.webhook\.office\.com/webhookb2/[a-z0-9-]{36}@[a-z0-9-]{36}/IncomingWebhook/[a-z0-9]{32}",
    "new_relic_key": r"NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19}|NRII-[A-Za-z0-9-]{32}|NRRA-[a-f0-9]{42}",
    "notion_token": r"ntn_[0-9]{11}[A-Za-z0-9]{32}[A-Za-z0-9]{3}|secret_[A-Za-z0-9]{43}",
    "npm_token": r"npm_[A-Za-z0-9]{36}",
    "nuget_key": r"oy2[a-z0-9]{43}",
    "octopus_key": r"API-[A-Z0-9]{26}",
    "onepassword_key": r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    "onepassword_key_short": r"A3-[A-Z0-9]{4,7}-[A-Z0-9]{5,11}-(?:[A-Z0-9]{5,6}-){2,4}[A-Z0-9]{5}",
    "onepassword_service": r"ops_eyJ[A-Za-z0-9+/]{120,}",
    "openshift_token": r"sha256~[A-Za-z0-9_-]{43}",
    "plaid_token": r"access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "planetscale_token": r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,64}",
    "postman_key": r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}",
    "prefect_token": r"pnu_[A-Za-z0-9]{36}",
    "pulumi_token": r"pul-[a-f0-9]{40}",
    "pypi_token": r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    "readme_key": r"rdme_[a-z0-9]{70}",
    "rubygems_key": r"rubygems_[a-f0-9]{48}",
    "scalingo_token": r"tk-us-[A-Za-z0-9_-]{48}",
    "sentry_token": r"sntr(?:yu_[a-f0-9]{64}|ys_eyJ[A-Za-z0-9+/=_]{80,})",
    "settlemint_token": r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}",
    "shippo_token": r"shippo_(?:live|test)_[a-fA-F0-9]{40}",
    "snyk_token": r"snyk_(?:uat|sat)\.[a-f0-9]{8}\.[A-Za-z0-9_.-]{40,}",
    "sonar_token": r"sq[upa]_[a-f0-9]{40}",
    "sourcegraph_token": r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}",
    "telegram_bot_token": r"[0-9]{8,10}:A[A-Za-z0-9_-]{34}",
    "twitter_bearer": r"A{22}[A-Za-z0-9%]{80,}",
    "typeform_token": r"tfp_[A-Za-z0-9_.=-]{59}",
    "yandex_token": r"t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{86}={0,2}|YC[A-Za-z0-9_-]{38}|AQVN[A-Za-z0-9_-]{35,38}|y[0-3]_[A-Za-z0-9_-]{50,62}",
    "adobe_secret": r"p8e-[a-z0-9]{32}",
    "age_key": r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    "airtable_token": r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
    "alibaba_key": r"LTAI[A-Za-z0-9]{17,24}",
    "artifactory_key": r"AKCp[A-Za-z0-9]{65,75}|cmVmd[A-Za-z0-9]{59}",
    "asana_token": r"[0-9]/[0-9]{14,18}(?:/[0-9]{14,18})?:[a-f0-9]{32}",
    "atlassian_token": r"ATATT3[A-Za-z0-9_=-]{100,}|ATCTT3xFf[A-Za-z0-9_=-]{100,}",
    "azure_ad_secret": r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    "azure_storage_key": r"AccountKey=[A-Za-z0-9+/]{80,90}={0,2}|SharedAccessKey=[A-Za-z0-9+/]{40,50}={0,2}",
    "aws_presigned": r"X-Amz-Signature=[a-f0-9]{64}",
    "azure_sas": r"sig=[A-Za-z0-9%+/]{40,80}(?:%3D|=)",
    "beamer_token": r"b_[a-z0-9=_-]{44}",
    "buildkite_token": r"bkua_[a-f0-9]{40}",
    "cloudflare_ca_key": r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
    "clojars_token": r"CLOJARS_[A-Za-z0-9]{60}",
    "contentful_token": r"CFPAT-[A-Za-z0-9_-]{43}",
    "discord_token": r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
    "discord_webhook": r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,70}",
    "docker_token": r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,36}",
    "figma_token": r"figd_[A-Za-z0-9_-]{40}",
    "fly_token": r"FlyV1 fm[12][ar]?_[A-Za-z0-9+/=,_]{60,}|fo1_[A-Za-z0-9_-]{43}",
    "freemius_key": r"sk_[A-Za-z0-9<>?;.@=^!*&]{29}",
    "hashicorp_boundary": r"at_[A-Za-z0-9]{10}_s[A-Za-z0-9]{80,}",
    "kubernetes_secret": r"eyJhbGciOiJSUzI1NiIsImtpZCI6[A-Za-z0-9_.-]{100,}",
    "mapbox_token": r"sk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,30}",
    "netlify_token": r"nf[pcu]_[A-Za-z0-9]{36}",
    "rabbitmq_url": r"amqps?://[^\s:/@\"'<>]{1,60}:[^\s/@\"'<>]{4,}@[a-zA-Z0-9.-]{3,}",
    "supabase_key": r"sb(?:p|_secret|_publishable)_[A-Za-z0-9_-]{22,60}",
    "vercel_token": r"vc[pkiar]_[A-Za-z0-9]{50,64}",
    "wireguard_key": r"PrivateKey\s{0,3}=\s{0,3}[A-Za-z0-9+/]{43}=",
    "putty_key": r"PuTTY-User-Key-File-[0-9]",
    "apify_token": r"apify_api_[A-Za-z0-9]{36,40}",
    "azure_devops_token": r"[A-Za-z0-9]{60,80}AZDO[A-Za-z0-9]{4}",
    "azure_openai_key": r"[A-Za-z0-9]{40,60}JQQJ9[A-Za-z0-9]{16,40}",
    "bitbucket_token": r"ATBB[A-Za-z0-9]{28,40}",
    "brave_key": r"BSA[A-Za-z0-9_-]{27,28}",
    "cargo_token": r"cio[A-Za-z0-9]{32}",
    "cerebras_key": r"csk-[a-z0-9]{40,60}",
    "circleci_token": r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{20,24}_[a-f0-9]{40}",
    "deno_token": r"dd[pow]_[A-Za-z0-9]{36}",
    "e2b_key": r"e2b_[a-f0-9]{40}",
    "firecrawl_key": r"fc-[a-f0-9]{32}",
    "helicone_key": r"sk-helicone-[a-z0-9-]{20,60}",
    "jina_key": r"jina_[a-f0-9]{32}[A-Za-z0-9_-]{20,40}",
    "launchdarkly_key": r"(?:sdk|mob|api)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "llamacloud_key": r"llx-[A-Za-z0-9]{44,56}",
    "neon_key": r"napi_[a-z0-9]{48,72}",
    "posthog_key": r"ph[xs]_[A-Za-z0-9]{40,50}",
    "render_key": r"rnd_[A-Za-z0-9]{28,40}",
    "resend_key": r"re_[A-Za-z0-9]{8,10}_[A-Za-z0-9]{20,28}",
    "runpod_key": r"rpa_[A-Z0-9]{36,60}",
    "tailscale_key": r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,40}",
    "tencent_key": r"AKID[A-Za-z0-9]{32,40}",
    "together_key": r"tgp_v1_[A-Za-z0-9_-]{40,60}",
    "voyage_key": r"pa-[A-Za-z0-9_-]{43}",
    "wandb_key": r"wandb_v[0-9]_[A-Za-z0-9_]{60,100}",
    "zoho_token": r"1000\.[a-f0-9]{32}\.[a-f0-9]{32}",
}  # fmt: skip

# Where a secret doesn't start with its tell-tale part.
_GATES = {
    "azure_devops_token": r"AZDO[A-Za-z0-9]{4}",
    "azure_openai_key": r"JQQJ9",
    "circleci_token": prefix(r"CCI(?:PAT|PRJ)_"),
    "deno_token": prefix(r"dd[pow]_"),
    "launchdarkly_key": prefix(r"(?:sdk|mob|api)-[0-9a-f]{4}"),
    "posthog_key": prefix(r"ph[xs]_"),
    "tailscale_key": prefix(r"tskey-"),
    "wandb_key": prefix(r"wandb_v[0-9]_"),
    "zoho_token": prefix(r"1000\."),
    "digitalocean_token": prefix(r"do[opr]_v1_"),
    "netlify_token": prefix(r"nf[pcu]_"),
    "airtable_token": prefix(r"pat[A-Za-z0-9]{6}"),
    "harness_token": prefix(r"(?:pat|sat)\.[A-Za-z0-9_-]{12}"),
    "twilio_key": prefix(r"(?:SK|AC)[0-9a-fA-F]{8}"),
    "databricks_token": prefix(r"dapi[a-f0-9]{4}"),
    "dynatrace_token": prefix(r"dt0[a-z][0-9]{2}\."),
    "octopus_key": prefix(r"API-[A-Z0-9]{6}"),
    "sonar_token": prefix(r"sq[upa]_"),
    "vercel_token": prefix(r"vc[pkiar]_"),
    "onepassword_key": prefix(r"A3-[A-Z0-9]{3}"),
    "onepassword_key_short": prefix(r"A3-[A-Z0-9]{3}"),
    "figma_token": prefix(r"figd_"),
    "easypost_key": prefix(r"EZ[AT]K"),
    "langfuse_key": prefix(r"[sp]k-lf-"),
    "aws_access_key": prefix(r"A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA"),
    "terraform_token": r"\.atlasv1\.",
    "maxmind_key": r"_mmk",
    "mailgun_key": r"key-[0-9a-f]{4}|-[0-9a-f]{8}-[0-9a-f]{2}",
    "mailchimp_key": r"[0-9a-f]-us[0-9]",
    "facebook_token": r"EAA[MC]|[0-9]{3}[|%][0-9A-Za-z_-]{3}",
    "telegram_bot_token": r"[0-9]{3}:A",
    "discord_token": r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{2}",
    "discord_webhook": r"api/webhooks/",
    "azure_ad_secret": r"[0-9]Q~",
    "azure_sas": r"[?&]sig=",
    "dropbox_token": r"sl\.[A-Za-z0-9]{4}|AAAAAAAAAA",
    "twitter_bearer": r"AAAAAAAAAA",
    "asana_token": r"[0-9]:[a-f0-9]{6}",
    "microsoft_teams_webhook": r"webhook\.office\.com",
    "wireguard_key": prefix(r"PrivateKey"),
    "rabbitmq_url": prefix(r"amqps?://"),
    "slack_webhook": prefix(r"hooks.slack.com/"),
    "yandex_token": prefix(r"t1\.[A-Za-z0-9]|YC[A-Za-z0-9]{4}|AQVN|y[0-3]_"),
    "slack_token": prefix(r"xox[abposre]|xapp-"),
    "beamer_token": prefix(r"b_[a-z0-9]{6}"),
    "freemius_key": prefix(r"sk_"),
    "notion_token": prefix(r"ntn_|secret_"),
    "lob_key": prefix(r"(?:live|test)_[a-f0-9p]{3}"),
    "gocardless_token": prefix(r"live_"),
    "hashicorp_boundary": prefix(r"at_[A-Za-z0-9]{6}"),
    "vault_token": prefix(r"hv[sbr]\.|s\.[A-Za-z0-9]{8}"),
}

_CHECKS = {
    "wireguard_key": None,
    "putty_key": None,
    "aws_access_key": random_tail,
    "huggingface_token": _camel,
    "jwt": None,
}

JWT = r"\bey[IJ][A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
# RFC 7468 and OpenSSH, PGP armour; as a mail program shortens the dashes, and in the quotes of code, line by line.
PEM = (
    r"-{2,5} ?BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
    r"(?:[\s\\A-Za-z0-9+/=:,-]{10}|[\"']\s{0,3}[+.\\,]?\s{1,24}[\"'][A-Za-z0-9+/]{16})"
)
# What a key's encoding begins with, without its armour: PKCS 1, PKCS 8 (RSA, EC, Ed25519), SEC 1, OpenSSH.
PRIVATE_BYTES = (
    r"MII[A-Za-z0-9+/]{3}IBAAK[BC][A-Za-z0-9+/]{20}|MII[A-Za-z0-9+/]{2}[A-Za-z0-9+/]IBADANBgkqhkiG9w0BAQEFAASC[A-Za-z0-9+/]{8}"
    r"|MIG[A-Za-z0-9+/]AgEAMB[A-Za-z0-9+/]GByqGSM49[A-Za-z0-9+/]{20}|MC4CAQAwBQYDK2VwBCIEI[A-Za-z0-9+/]{20}"
    r"|MHcCAQEEI[A-Za-z0-9+/]{40}|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/]{20}"
)
JWE = r"\bey[IJ][A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"

RULES = (
    *(
        Rule(
            f"secrets.{kind}",
            rf"(?:^|[^A-Za-z0-9_])({pattern})",
            prefix(_prefix(pattern)) if kind not in _GATES else _GATES[kind],
            digits="" if kind in _CHECKS else "around",
            check=_CHECKS.get(kind, _mixed),
            strong=True,
        )
        for kind, pattern in _PREFIXED.items()
    ),
    Rule(
        "secrets.jwt", JWT, r"ey[IJ][A-Za-z0-9]", digits="", strong=True
    ),  # RFC 7519: two base64url JSON objects and a signature
    Rule("secrets.jwe", JWE, r"ey[IJ][A-Za-z0-9]", digits="", strong=True),  # RFC 7516
    Rule("secrets.private_key", PEM, r"-- ?BEGIN", digits="", strong=True),
    Rule(
        "secrets.private_key_bytes",
        rf"(?:^|[^A-Za-z0-9+/])({PRIVATE_BYTES})",
        r"MII[A-Za-z0-9+/]{3}IBA|AgEAMB|MC4CAQAwBQYDK2Vw|MHcCAQEEI|b3BlbnNzaC1rZXktdjE",
        digits="",
        check=random_tail,
        strong=True,
    ),
)
