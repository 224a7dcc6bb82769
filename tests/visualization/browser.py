"""Rendering of a page in a browser."""

import os
import shutil
import subprocess

import pytest


def answer(path, script):
    """Returns the page as HTML after an additional script; skips the test without Chromium."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--disable-background-networking", f"--user-data-dir={path.parent / 'profile'}"),
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(path.parent)},
    )
    assert done.stdout, done.stderr[-2000:]
    return done.stdout
