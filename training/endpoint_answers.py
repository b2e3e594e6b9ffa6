"""Answers from any OpenAI-compatible endpoint, several at once, none paid for twice unasked."""

import os
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from training.evaluate import TOP_P

KEY_VARIABLE = "WINNOW_API_KEY"
TIMEOUT_SECONDS = 600.0
ATTEMPTS = 6
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to ask: greedy at temperature 0, `concurrency` questions at a time."""

    url: str
    model: str
    concurrency: int = 8
    temperature: float = 0.0
    random_seed: int = 0
    max_tokens: int = 1024


def check_url(url: str) -> str:
    """`url` without a final slash.

    Raises:
        WinnowError: it is no http address, or has a password in it, which files would then keep.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise WinnowError(
            "The endpoint's address has a password, a key or a query in it: give it without, and "
            f"put the key into the environment variable {KEY_VARIABLE}."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WinnowError(
            f"The endpoint {url!r} is no address: give one like http://127.0.0.1:8000/v1."
        )
    return url.rstrip("/")


def ask_endpoint(
    endpoint: Endpoint,
    questions: Sequence[str],
    samples: Sequence[int],
    *,
    stop_requested: Callable[[], bool],
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[list[tuple[int, str]]]:
    """Yield answers as (index of the question, text), each when it is there.

    A rate limit (429), a server's fault (5xx) and a connection that was refused are tried again. A
    question that may have been answered and paid for, its answer lost, is not. After a stop or an
    error, the answers under way are still yielded.

    Raises:
        WinnowError: the endpoint refuses, or does not answer.
    """
    import openai

    client = openai.OpenAI(
        base_url=endpoint.url,
        api_key=os.environ.get(KEY_VARIABLE) or "none",
        max_retries=0,
        timeout=TIMEOUT_SECONDS,
    )

    def ask(index: int) -> tuple[int, str]:
        if stop_requested():
            raise CancelledError
        return index, _ask(client, endpoint, questions[index], samples[index], wait)

    failure: WinnowError | None = None
    with client, ThreadPoolExecutor(endpoint.concurrency) as pool:
        futures: list[Future[tuple[int, str]]] = [
            pool.submit(ask, index) for index in range(len(questions))
        ]
        try:
            for future in as_completed(futures):
                try:
                    answer = future.result()
                except CancelledError:
                    continue
                except WinnowError as error:
                    failure = failure or error
                    _cancel(futures)
                else:
                    yield [answer]
        finally:
            _cancel(futures)
    if failure:
        raise failure


def _cancel(futures: Sequence[Future[tuple[int, str]]]) -> None:
    for future in futures:
        future.cancel()


def _ask(
    client: Any, endpoint: Endpoint, question: str, sample: int, wait: Callable[[float], None]
) -> str:
    import openai

    sampling: dict[str, Any] = {"temperature": endpoint.temperature}
    if endpoint.temperature:
        sampling |= {"top_p": TOP_P, "seed": endpoint.random_seed + sample}
    for attempt in range(ATTEMPTS):
        try:
            answer = client.chat.completions.create(
                model=endpoint.model,
                messages=[{"role": "user", "content": question}],
                max_tokens=endpoint.max_tokens,
                **sampling,
            )
        except openai.APIStatusError as error:
            _refuse_for_good(endpoint, error)
            seconds, reason = _wait_time(error, attempt), f"status {error.status_code}"
        except openai.APITimeoutError as error:
            raise _lost(endpoint, f"no answer within {TIMEOUT_SECONDS:.0f} s") from error
        except openai.APIConnectionError as error:
            if type(error.__cause__).__name__ != "ConnectError":
                raise _lost(endpoint, "the connection broke") from error
            seconds, reason = 2.0**attempt, "the connection was refused"
        except (openai.APIError, ValueError) as error:
            raise _no_completion(endpoint) from error
        else:
            return _read_text(endpoint, answer)
        if attempt + 1 < ATTEMPTS:
            wait(seconds)
    raise WinnowError(
        f"The endpoint {endpoint.url} gave no answer in {ATTEMPTS} attempts ({reason}): try again "
        "later, with a lower --concurrency; with the same --out only what is missing is asked."
    )


def _refuse_for_good(endpoint: Endpoint, error: Any) -> None:
    """Raise where asking again cannot help; the server's own words can repeat the key."""
    status = error.status_code
    quota = getattr(error, "code", None) == "insufficient_quota"
    if (status == 429 and not quota) or status >= 500:
        return
    advice = {
        401: f"check the key in {KEY_VARIABLE}",
        403: f"check the key in {KEY_VARIABLE}",
        404: f"check the address and the model's name {endpoint.model!r}",
        429: "the account's quota is used up",
    }.get(status, f"check the model's name {endpoint.model!r} and what the server allows")
    raise WinnowError(
        f"The endpoint {endpoint.url} refuses with status {status}: {advice}."
    ) from error


def _wait_time(error: Any, attempt: int) -> float:
    """Seconds until the next attempt: what the server asks for, else doubling."""
    try:
        asked = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        asked = 2.0**attempt
    return min(max(asked, 0.0), LONGEST_WAIT) if asked == asked else 2.0**attempt


def _read_text(endpoint: Endpoint, answer: Any) -> str:
    """The answer's text; "" where the model said nothing."""
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise _no_completion(endpoint)
    content = choices[0].message.content
    return content if isinstance(content, str) else ""


def _no_completion(endpoint: Endpoint) -> WinnowError:
    return WinnowError(
        f"The endpoint {endpoint.url} answers with something that is no chat completion: check "
        "that its address ends where /chat/completions follows, mostly with /v1."
    )


def _lost(endpoint: Endpoint, reason: str) -> WinnowError:
    return WinnowError(
        f"An answer of the endpoint {endpoint.url} was lost ({reason}); it may have been paid for, "
        "so it was not asked for again. With the same --out, what is missing is asked again."
    )
