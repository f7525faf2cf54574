import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    "Each test runs on the bundled digits, with a cache and runs of its own."
    for name, value in dict(DATA='digits', CACHE=tmp_path/'cache', RUNS=tmp_path/'runs').items():
        monkeypatch.setenv(f'COURSE_STEPS_{name}', str(value))
    monkeypatch.delenv('COURSE_STEPS_EPOCHS', raising=False)


@pytest.fixture
def program():
    "The installed console script."
    return str(Path(sys.executable).parent/'course_steps')
