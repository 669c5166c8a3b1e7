"""Hypothesis profiles: `default` for every run, `nightly` (HYPOTHESIS_PROFILE) for the long search."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("default", max_examples=100, deadline=None, suppress_health_check=_UNHURRIED)
settings.register_profile("nightly", max_examples=2_000, deadline=None, suppress_health_check=_UNHURRIED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
