"""What every test shares: Hypothesis profiles, and how a test asks for a part of the system."""

import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, settings

from experiments.engine.warm import ensure_compiled

# The same examples for everybody: a red test is red again on the next run and elsewhere.
settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    print_blob=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
# New examples each time, for whoever looks for trouble.
settings.register_profile(
    "deep",
    derandomize=False,
    deadline=None,
    print_blob=True,
    max_examples=1000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_sessionstart(session):
    """Compile the model once, before several workers each do it."""
    if not hasattr(session.config, "workerinput"):
        ensure_compiled()


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _succeeds(*command):
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


# The name that a skip shows -> whether this system has it.
SYSTEM_PARTS = {
    "chromium": lambda: any(shutil.which(name) for name in BROWSERS),
    "network namespaces": lambda: (
        shutil.which("ip") is not None and _succeeds("unshare", "--net", "ip", "link")
    ),
    "tmpfs": lambda: _succeeds(
        "unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/mnt"
    ),
}


def demand_system_part(name, parts=SYSTEM_PARTS, environment=os.environ):
    """Skip the calling test if the system lacks `name`; in CI, where nothing may lack, fail."""
    if parts[name]():
        return
    if environment.get("CI") == "true":
        pytest.fail(f"CI must have {name}: .ci/run installs it", pytrace=False)
    pytest.skip(f"this system lacks {name}")


@pytest.fixture(scope="session")
def require_system():
    """Return a function: `require_system("chromium")` skips, or fails in CI, where that lacks."""
    return demand_system_part
