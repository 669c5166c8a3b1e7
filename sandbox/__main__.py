"""``python -m sandbox serve``: make a world, write its truth, serve both systems, say so in one line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sandbox.city.app import CityService
from sandbox.portal.app import PortalService
from sandbox.serving import Addresses, bind, serve
from sandbox.truth import write_truth
from sandbox.world import DEFAULT_DAYS, DEFAULT_NOW, build


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    command = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="serve both systems")
    command.add_argument("--cases", type=int, required=True, help="number of cases in the city")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--truth", type=Path, required=True, help="file that receives the list of planted faults")
    command.add_argument("--city-port", type=int, default=0, help="0 = any free port")
    command.add_argument("--portal-port", type=int, default=0, help="0 = any free port")
    command.add_argument(
        "--now", type=datetime.fromisoformat, default=DEFAULT_NOW, help="the instant both systems live in"
    )
    command.add_argument("--days", type=int, default=DEFAULT_DAYS, help="length of the history before now")
    command.add_argument("--session-ttl", type=float, default=600, help="seconds a portal session lasts")
    command.add_argument("--latency-ms", type=int, default=0, help="delay of every request for data")
    command.add_argument("--rate", type=int, default=0, help="requests a second above which the answer is 429; 0 = any")
    command.add_argument("--write-token", default="", help="what the portal asks for with a push; empty = nothing")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        sockets = (bind(options.city_port), bind(options.portal_port))
        world = build(options.cases, options.seed, options.now, options.days)
        write_truth(world.truth(), options.truth)
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2

    def announce(addresses: Addresses) -> None:
        line = {
            "ready": True,
            "city": addresses.city,
            "portal": addresses.portal,
            "now": world.now.isoformat(),
            "cases": options.cases,
            "truth": str(options.truth),
        }
        print(json.dumps(line), flush=True)

    city = CityService(world, options.latency_ms, options.rate).app()
    portal = PortalService(world, options.session_ttl, options.latency_ms, options.rate, options.write_token).app()
    asyncio.run(serve(city, portal, sockets, announce))
    return 0


if __name__ == "__main__":
    sys.exit(main())
