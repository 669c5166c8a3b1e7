"""For trying: the sandbox, a Prefect server, and the daily deployment on its schedule, until Ctrl-C.

python -m flows.serve [--cases 20000] [--seed 1]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from flows.demo import configure, sandbox

HOST, PORT = "127.0.0.1", "4200"
UI = f"http://{HOST}:{PORT}"
START_SECONDS = 180


def main() -> int:
    """Run until interrupted; ends the server and the sandbox that it started."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path("data/serve").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with sandbox(asked.cases, asked.seed, folder / "truth.json") as ready:
        configure(ready, folder)
        os.environ["PREFECT_API_URL"] = f"{UI}/api"
        server = subprocess.Popen([sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", PORT])
        try:
            _wait_for_server(server)
            print(f"Open {UI}/deployments: run `daily` there, or wait for 02:00.", flush=True)
            from prefect.schedules import Cron

            from flows.daily import daily

            at_two = Cron("0 2 * * *", timezone="Asia/Ho_Chi_Minh")
            daily.serve(name="daily", schedules=[at_two], tags=["hoso-sync"])
        except KeyboardInterrupt:
            print("Stopping.", flush=True)
        finally:
            server.terminate()
            server.wait(timeout=30)
    return 0


def _wait_for_server(server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("the Prefect server ended at once: is port 4200 taken?")
        try:
            if httpx.get(f"{UI}/api/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(1)
    raise SystemExit(f"the Prefect server did not answer within {START_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
