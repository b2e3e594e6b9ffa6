"""A quick check of an endpoint for people who are just setting it up."""

import asyncio

import httpx2
import openai

from storage.errors import WinnowError
from storage.records import Request
from workbench.generation.client import open_client, send
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import Reason, describe

CHECK_SECONDS = 30.0


def check_endpoint(endpoint: Endpoint) -> str:
    """Ask the endpoint one tiny question; a sentence for people when it answers.

    Not to be called from within an event loop.

    Raises:
        WinnowError: wrong URL, wrong key, unknown model, or whatever else keeps it from answering.
    """
    return asyncio.run(_check(endpoint))


async def _check(endpoint: Endpoint) -> str:
    question = [{"role": "user", "content": "Answer with the word yes."}]
    # 16: reasoning models refuse less.
    request = Request("", "", "", question, {"max_tokens": 16})
    async with open_client(endpoint) as client:
        answer = await send(client, request, endpoint, answer_seconds=CHECK_SECONDS)
        if answer.failure is None:
            return f"{endpoint.name} answers with the model {endpoint.model}."
        hint = ""
        if answer.failure.reason is Reason.MODEL_UNKNOWN:
            hint = await _list_models(client)
    raise WinnowError(describe(answer.failure, endpoint) + hint)


async def _list_models(client: openai.AsyncOpenAI) -> str:
    try:
        page = await client.models.list(timeout=10.0)
        names = [model.id for model in page.data]
    except (openai.OpenAIError, httpx2.HTTPError, AttributeError, TypeError):
        return ""  # only a hint: the error itself is told by the caller
    return f" It has: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}." if names else ""
