"""Start the workbench: parse arguments, build, serve; nothing else."""

import argparse
import logging
import sys
from pathlib import Path

from storage.errors import WinnowError
from workbench.settings import load_settings
from workbench.workspace import open_workspace


def main(argv: list[str] | None = None) -> int:
    """Serve the pages; 2 with one sentence when that cannot be done."""
    parser = argparse.ArgumentParser(prog="python app.py", description=__doc__)
    parser.add_argument("--data", type=Path, help="workspace folder (WINNOW_DATA)")
    parser.add_argument("--host", help="address to serve on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to serve on (7860)")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        workspace = open_workspace(load_settings(**vars(arguments)))
        try:
            from workbench.ui.server import serve

            serve(workspace)
        except KeyboardInterrupt:
            print("Stopped. Jobs that run go on; start again to see them.", file=sys.stderr)
        finally:
            workspace.close()
    except WinnowError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
