"""After an upgrade with another canonical form: hash anew what is stored (a daily run does it by itself).

python -m flows.rehash
"""

from __future__ import annotations

import json
import sys

from prefect import flow

from errors import HosoError
from tasks.rehash import rehash_all


@flow(name="rehash")
def rehash() -> int:
    """Hash everything that has hashes of another canonical form; returns how many versions that was."""
    return rehash_all()


def main() -> int:
    """Exit status: 0 done; 2 the settings are wrong or the warehouse cannot be reached."""
    try:
        print(json.dumps({"rehashed": rehash()}))
    except HosoError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
