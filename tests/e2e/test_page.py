"""The page in a real browser, in front of a real proxy."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.bodies import ANALYSIS, SSN, SSN_DIGITS
from tests.e2e.proxy import KEY, Proxy

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SECONDS = 30_000  # in milliseconds, as Playwright counts
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of normal size
# For each element with text of its own: its colour against the first solid background behind it.
CONTRASTS = """() => {
  const light = (c) => { const v = c.slice(0, 3).map((x) => { x /= 255;
    return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return .2126*v[0] + .7152*v[1] + .0722*v[2]; };
  const parts = (s) => s.match(/[\\d.]+/g).map(Number);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.offsetParent || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    found.push([e.tagName + '.' + e.className, (a + .05) / (b + .05)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium found; on Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is part of the `dev` extra")
    with playwright.sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(proxy: Proxy, browser: Any, theme: str, width: int) -> None:
    """It shows decisions, takes up new ones by itself, explains a prompt, and says nothing to the console."""
    proxy.chat(SSN)
    context = browser.new_context(
        http_credentials={"username": "router", "password": KEY},
        viewport={"width": width, "height": 900},
        color_scheme=theme,
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{proxy.url}/router")
    page.get_by_role("cell", name="ollama-default-1").first.wait_for(timeout=SECONDS)
    before = page.locator("#figures strong").first.inner_text()
    proxy.chat(ANALYSIS)
    page.wait_for_function(
        "before => document.querySelector('#figures strong').innerText !== before", arg=before, timeout=SECONDS
    )
    page.get_by_role("textbox").fill(SSN)
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("identity.us_ssn at").first.wait_for(timeout=SECONDS)
    assert SSN_DIGITS not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map((e) => Number(e.tagName[1]))")
    assert all(after - level <= 1 for level, after in itertools.pairwise(levels))
    unnamed = "all => all.filter((e) => !e.labels?.length && !e.innerText && !e.getAttribute('aria-label')).length"
    assert page.eval_on_selector_all("input, textarea, button", unnamed) == 0
    faint = [(name, round(ratio, 2)) for name, ratio in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST]
    assert faint == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")
    assert said == []
    context.close()
