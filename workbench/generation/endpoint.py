"""Where requests go: an OpenAI-compatible endpoint, its model and its key."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from storage.errors import WinnowError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint. The key is in no text form of it.

    `label` replaces the URL in records where that is different at every start (the embedded model).

    Raises:
        WinnowError: the URL or the key cannot be one.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    label: str = ""

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            raise WinnowError(
                "The API key has a space, a line break or another character that no key has: "
                "copy it again."
            )

    @property
    def name(self) -> str:
        """How records and request keys name this endpoint: stable, and without any secret."""
        if self.label:
            return self.label
        url = urlsplit(self.base_url)
        return f"{url.scheme.lower()}://{url.netloc.lower()}{url.path.rstrip('/')}"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy must come in between."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def _check_url(base_url: str) -> None:
    advice = "use one like https://api.openai.com/v1 or http://localhost:8000/v1."
    try:
        url = urlsplit(base_url)
        _ = url.port
    except ValueError as error:
        raise WinnowError(f"The endpoint URL cannot be read ({error}): {advice}") from None
    if "@" in url.netloc:
        # Not shown: what stands before the @ is a password.
        raise WinnowError(
            f"The endpoint URL for {url.hostname} has a user name or password in it: "
            "take it out and give the key as WINNOW_API_KEY."
        )
    if url.query or url.fragment:
        # Not shown either: some services take their key in the query.
        raise WinnowError(
            f"The endpoint URL for {url.hostname} goes on after its path with ? or #: "
            "leave that away, and give a key as WINNOW_API_KEY."
        )
    if (
        url.scheme.lower() not in ("http", "https")
        or not url.hostname
        or not base_url.isprintable()
    ):
        raise WinnowError(f"The endpoint URL {base_url!r} is no http address: {advice}")
