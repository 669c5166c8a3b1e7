"""For trying: the sandbox, a Prefect server, all deployments on their schedules with a worker, until Ctrl-C.

python -m flows.serve [--cases 20000] [--seed 1] [--port 4200]
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from flows.demo import configure, sandbox
from flows.local import deploy, server, worker


def main() -> int:
    """Run until interrupted; ends the server, the worker and the sandbox that it started."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=4200)
    asked = parser.parse_args()
    folder = Path("data/serve").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with sandbox(asked.cases, asked.seed, folder / "truth.json") as ready:
        configure(ready, folder)
        with server(asked.port) as address:
            print("Applying prefect.yaml and automations.yaml ...", flush=True)
            deploy()
            from flows import automations

            automations.apply(automations.read(), automations.alert_block())
            with worker():
                print(f"Open {address}/deployments: run `daily` there first, or wait for 02:00.", flush=True)
                try:
                    threading.Event().wait()
                except KeyboardInterrupt:
                    print("Stopping.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
