"""After an upgrade with another canonical form: hash anew what is stored (a daily run does it by itself).

    python -m flows.rehash

Exit status: 0 done; 1 the warehouse could not be reached; 2 the settings are wrong.
"""

from __future__ import annotations

import json
import sys

from prefect import flow

from flows.truth import command, truthful
from tasks.rehash import rehash_all


@flow(name="rehash")
@truthful
def rehash() -> dict[str, int]:
    """Hash everything that has hashes of another canonical form; returns how many versions that was, as `rehashed`."""
    return {"rehashed": rehash_all()}


def main() -> int:
    return command(rehash, lambda result: print(json.dumps(result)))


if __name__ == "__main__":
    sys.exit(main())
