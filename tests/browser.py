"""A real Chromium for the tests marked `browser`. Skips with one line where there is none, unless REQUIRE_BROWSER=1."""

import importlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

# Chromium would otherwise call its maker's servers, which a closed network refuses one by one.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # A microphone that beeps, for pages that are allowed one.
    "--use-fake-device-for-media-stream",
]
DESKTOP: "ViewportSize" = {"width": 1280, "height": 720}
PHONE: "ViewportSize" = {"width": 390, "height": 844}


def chromium_program() -> str:
    """Where Chromium is, by CHROMIUM or by the usual names; empty if nowhere."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named if Path(named).is_file() else ""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), "")


def playwright_module() -> ModuleType | None:
    """Playwright, which requirements-dev.txt brings; the other tests go without."""
    return importlib.import_module("playwright.sync_api") if importlib.util.find_spec("playwright") else None


def skip_or_fail(reason: str) -> None:
    """Skip the test, or fail it where a browser was asked for."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


# Of a module, not of the session: Playwright's event loop would make every later test's ORM call an error.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, running."""
    playwright_api = playwright_module()
    program = chromium_program()
    if playwright_api is None:
        skip_or_fail("no Playwright: install requirements-dev.txt")
    elif not program:
        skip_or_fail("no Chromium: install it, or name it with CHROMIUM")
    else:
        yield from _running_chromium(playwright_api, program)


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A fresh desktop page that fails the test on a script's error or a refusal by the content policy."""
    yield from _watched_page(browser, DESKTOP)


@pytest.fixture
def phone(browser: "Browser") -> "Iterator[Page]":
    """The same at a phone's width."""
    yield from _watched_page(browser, PHONE)


def _running_chromium(playwright_api: ModuleType, program: str) -> "Iterator[Browser]":
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


def _watched_page(browser: "Browser", viewport: "ViewportSize") -> "Iterator[Page]":
    context = browser.new_context(viewport=viewport, locale="en-GB")
    context.set_default_timeout(20_000)
    fresh = context.new_page()
    problems: list[str] = []
    fresh.on("pageerror", lambda error: problems.append(f"script error: {error.stack or error}"))
    fresh.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    yield fresh
    context.close()
    assert not problems, problems
