"""With CI set a skipped test is a failure: what is not run there is not known to work.

The evaluation material alone may be absent: it is not the repo's to bring.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    Report = pytest.TestReport | pytest.CollectReport


def _fail_if_skipped(report: Report) -> Report:
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if "TOCSIN_EVAL_DIR" in str(reason):
            return report
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure with CI set: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test."""
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skipped module."""
    return _fail_if_skipped((yield))
