"""The web app: FastAPI with the JSON routes and our static files, the Gradio pages on it."""

import contextlib
import os
import socket
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from storage.errors import WinnowError
from workbench.pipeline.ingest import Ingestor
from workbench.ui.api import add_routes
from workbench.ui.render import highlight_css
from workbench.ui.security import Guard
from workbench.workspace import Workspace

STATIC = Path(__file__).with_name("static")
HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/winnow/favicon.svg">
<link rel="stylesheet" href="/winnow/winnow.css">
<link rel="stylesheet" href="/winnow/explore.css">
<link rel="stylesheet" href="/winnow/generate.css">
<link rel="stylesheet" href="/winnow/compare.css">
<link rel="stylesheet" href="/winnow/code.css">
<script src="/winnow/shell.js" defer></script>
<script src="/winnow/decisions.js" defer></script>
<script src="/winnow/review.js" defer></script>
<script src="/winnow/explore-marks.js" defer></script>
<script src="/winnow/explore-map.js" defer></script>
<script src="/winnow/explore.js" defer></script>
<script src="/winnow/generate-failures.js" defer></script>
<script src="/winnow/generate-job.js" defer></script>
<script src="/winnow/generate.js" defer></script>
<script src="/winnow/compare.js" defer></script>
<script src="/winnow/prices.js" defer></script>
"""


def build_app(workspace: Workspace) -> FastAPI:
    """The whole web app over an open workspace; it takes in jobs' output while it runs."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    from workbench.ui.pages import build_pages, theme

    ingestor = Ingestor(workspace)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ingestor.start()
        yield
        ingestor.stop()

    app = FastAPI(title="Winnow", docs_url=None, redoc_url=None, lifespan=lifespan)
    add_routes(app, workspace)
    css = highlight_css()

    @app.get("/winnow/code.css")
    def code_css() -> Response:
        return Response(css, media_type="text/css")

    @app.get("/winnow/plotly.min.js")
    def plotly_bundle() -> FileResponse:
        import plotly

        bundle = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        return FileResponse(bundle, headers={"Cache-Control": "max-age=86400"})

    @app.get("/")
    def first_page() -> RedirectResponse:
        return RedirectResponse("/seeds")

    app.mount("/winnow", StaticFiles(directory=STATIC), name="winnow")
    with warnings.catch_warnings():
        # That it cannot do what we turn off must not be the first thing a newcomer reads.
        warnings.filterwarnings("ignore", message="SSR mode is not supported")
        gradio.mount_gradio_app(
            app,
            build_pages(workspace),
            path="",
            show_error=False,
            run_history=False,
            footer_links=[],
            theme=theme(),
            head=HEAD,
            ssr_mode=False,
            enable_monitoring=False,
        )
    app.add_middleware(Guard, host=workspace.settings.host)
    return app


def serve(workspace: Workspace) -> None:
    """Serve the pages until the process is stopped.

    Raises:
        WinnowError: the address or port cannot be had.
    """
    import uvicorn

    host, port = workspace.settings.host, workspace.settings.port
    bound = _bind(host, port)
    app = build_app(workspace)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    print(f"Winnow serves {workspace.path} on http://{shown}:{port}", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before anything slow starts, and say plainly why it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise WinnowError(
            f"Port {port} on {host} cannot be used: {error.strerror}. "
            "Stop what uses it, or name another with --port."
        ) from error
    return listener
