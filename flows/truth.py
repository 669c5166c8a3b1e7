"""How a run ended, told truthfully: in the state's name on the flow's page, and in the exit status of its command.

`Completed`: nothing needs a person. `Completed with findings`: the run is whole, and what it found needs one.
`Failed: <class>`: it is not whole; the class is one of `errors`, or the name of an exception nobody expected.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from enum import IntFlag
from typing import Any, ParamSpec, cast, get_type_hints

from prefect import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from errors import ConfigError, HosoError
from flows.blocks import adopt_settings
from tasks.announce import announce_failure

P = ParamSpec("P")


class Exit(IntFlag):
    """Exit status of commands: a bit for each thing that needs a person, 0 when nothing does."""

    NOTHING = 0
    FAILED = 1
    REFUSED = 2
    """The command line or the settings; nothing was begun."""
    MISMATCHES = 4
    QUARANTINE = 8
    DRIFT = 16
    UNREAD = 32
    """Windows that could not be read."""
    REPAIR = 64
    """Pushes that were not proven, or the open circuit breaker of repairs."""


ATTENTION: Mapping[str, tuple[Exit, str]] = {
    "confirmed": (Exit.MISMATCHES, "confirmed mismatches"),
    "quarantined": (Exit.QUARANTINE, "rows in quarantine"),
    "drift": (Exit.DRIFT, "changes of a record format"),
    "unread": (Exit.UNREAD, "windows not read"),
    "unproven": (Exit.REPAIR, "pushes not proven"),
    "breaker": (Exit.REPAIR, "open circuit breaker of repairs: nothing more is sent"),
}
"""What a flow's result counts under `attention`: the bit of the exit status, and the words of the state's message."""


def exit_status(result: Mapping[str, Any]) -> Exit:
    """The exit status that a flow's result asks for."""
    mask = Exit.NOTHING
    for name, (bit, _) in ATTENTION.items():
        if result.get("attention", {}).get(name):
            mask |= bit
    return mask


def truthful(body: Callable[P, dict[str, Any]]) -> Callable[P, dict[str, Any]]:
    """Put under `@flow`: the run's state says how it ended. Called directly, the flow returns and raises as `body`."""

    @functools.wraps(body)
    def told(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            adopt_settings()
            result = body(*args, **kwargs)
        except HosoError as error:
            _tell_failure(error)
            get_run_logger().error("%s: %s", type(error).__name__, error)
            return Failed(name=f"Failed: {type(error).__name__}", message=str(error), data=error)
        except Exception as error:
            _tell_failure(error)
            get_run_logger().exception("the run ended by an error that nobody expected")
            # The message of a foreign exception may repeat values, and those may be personal.
            return Failed(name=f"Failed: {type(error).__name__}", message="see the log of the run", data=error)
        counts = result.get("attention", {})
        words = [f"{counts[name]:,} {words}" for name, (_, words) in ATTENTION.items() if counts.get(name)]
        if words:
            return Completed(name="Completed with findings", message=", ".join(words), data=result)
        return Completed(message="nothing needs a person", data=result)

    # Prefect evaluates annotations in the module of the function it is given, which is this one.
    told.__signature__ = inspect.signature(body, eval_str=True)  # type: ignore[attr-defined]
    told.__annotations__ = get_type_hints(body, include_extras=True)
    return cast(Callable[P, dict[str, Any]], told)


def _tell_failure(error: Exception) -> None:
    """Raise the alarm; what hinders that is logged, and must not hide the error itself."""
    try:
        announce_failure(str(flow_run.flow_name), type(error).__name__)
    except Exception as further:
        get_run_logger().warning("the failure could not be announced: %s", type(further).__name__)


def command(run: Callable[[], Mapping[str, Any]], tell: Callable[[Mapping[str, Any]], None]) -> int:
    """Run a command line's flow and return its exit status; errors go to standard error, without a traceback."""
    try:
        result = run()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.REFUSED
    except HosoError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return Exit.FAILED
    tell(result)
    return exit_status(result)
