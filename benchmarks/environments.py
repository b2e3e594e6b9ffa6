"""The peers' environments: each has a virtual environment of its own, under one cache folder.

Their pinned dependencies cannot stand beside ours, and ours must not change theirs.
"""

import subprocess
import sys
from pathlib import Path

from storage.errors import WinnowError

# The releases that were measured; another one may need other settings.
PEERS = {
    "curator": ["bespokelabs-curator==0.1.31"],
    # It imports requests without asking for it.
    "distilabel": ["distilabel[openai]==1.5.3", "requests"],
}


def install_peer(environments: Path, name: str) -> None:
    """Make the environment of a peer and install it there, some minutes; does nothing if it is.

    Raises:
        WinnowError: it does not install on this machine; the reason is in the message.
    """
    folder = environments / name
    marker = folder / "installed"  # an interrupted installation must not pass for a whole one
    if marker.exists():
        return
    environments.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], name)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", *PEERS[name]], name)
    marker.write_text("\n".join(PEERS[name]) + "\n", encoding="utf-8")


def _run(argv: list[str], name: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (errors or done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise WinnowError(f"{name} does not install here: {reason}")


def environment_python(environments: Path, name: str) -> Path:
    """The Python of a peer's environment.

    Raises:
        WinnowError: it is not installed there.
    """
    folder = environments / name
    if not (folder / "installed").exists():
        raise WinnowError(f"{name} is not installed in {folder}: run again with --install.")
    return folder / "bin" / "python"


def peer_versions(environments: Path) -> dict[str, str]:
    """The releases of the peers that are installed."""
    code = "import importlib.metadata as m; print(m.version({!r}))"
    return {
        name: _ask(environment_python(environments, name), code.format(package))
        for name, package in (("curator", "bespokelabs-curator"), ("distilabel", "distilabel"))
        if (environments / name / "installed").exists()
    }


def litellm_encodings(python: Path) -> Path:
    """The folder of tiktoken's encodings that litellm ships."""
    code = "import importlib.util as u; print(u.find_spec('litellm').origin)"
    return Path(_ask(python, code)).parent / "litellm_core_utils" / "tokenizers"


def _ask(python: Path, code: str) -> str:
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise WinnowError(f"{python} does not work: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
