from __future__ import annotations

import pytest

from services.enrich.nlp import Coder


@pytest.fixture(scope="session")
def coder() -> Coder:
    return Coder()
