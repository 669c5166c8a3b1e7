"""How a run ended, in its state's name and in the exit status of its command."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import flow

from errors import ConfigError, CountMismatch
from flows.truth import Exit, command, exit_status, truthful


def run(body: Any) -> Any:
    return flow(name="trial", validate_parameters=False)(truthful(body))(return_state=True)


@pytest.mark.parametrize(
    ("attention", "name", "status"),
    [
        ({}, "Completed", Exit.NOTHING),
        ({"confirmed": 0, "quarantined": 0, "drift": 0}, "Completed", Exit.NOTHING),
        ({"confirmed": 3, "quarantined": 0}, "Completed with findings", Exit.MISMATCHES),
        ({"confirmed": 3, "quarantined": 1, "drift": 2}, "Completed with findings", 4 | 8 | 16),
    ],
)
def test_a_whole_run(configured: Any, attention: dict[str, int], name: str, status: int) -> None:
    result = {"attention": attention}
    state = run(lambda: result)
    assert (state.name, state.is_completed(), state.result()) == (name, True, result)
    assert all(str(count) in state.message for count in attention.values() if count)
    assert exit_status(result) == status


@pytest.mark.parametrize(
    ("error", "name", "told"),
    [
        (CountMismatch("city", "3 rows read, 4 announced", window="w"), "Failed: CountMismatch", "3 rows read"),
        (KeyError("Nguyễn Văn A"), "Failed: KeyError", "log"),
    ],
)
def test_a_failed_run_is_named_by_its_error(configured: Any, error: Exception, name: str, told: str) -> None:
    def body() -> dict[str, Any]:
        raise error

    state = run(body)
    assert (state.name, state.is_failed()) == (name, True)
    assert told in state.message
    assert "Nguyễn" not in state.message
    with pytest.raises(type(error)):
        state.result()


def test_a_missing_secret_fails_at_the_start_and_is_named(configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.daily import daily

    monkeypatch.delenv("HOSO_PORTAL_PASSWORD")
    import settings

    settings.current.cache_clear()
    state = daily(return_state=True)
    assert state.name == "Failed: ConfigError"
    assert "HOSO_PORTAL_PASSWORD" in state.message


def test_commands_say_what_is_wrong_and_give_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> dict[str, Any]:
        raise ConfigError("no such setting")

    def fail() -> dict[str, Any]:
        raise CountMismatch("city", "off by one")

    assert command(refuse, print) == 2
    assert command(fail, print) == 1
    assert command(lambda: {"attention": {"quarantined": 1}}, lambda _: None) == 8
    assert "CountMismatch: city: off by one" in capsys.readouterr().err
