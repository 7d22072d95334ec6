"""The same flags for several customers, as a table; with --watch, what changes from then on.

    scripts/run                                        # in another terminal: the daemon on config/flags.yaml
    .venv/bin/python examples/plain_script.py --watch  # then edit config/flags.yaml and save it

It shows that one call asks for one flag and one context, that the answer tells who decided it (customer,
organization, environment, default), and that a running program learns of a saved edit by itself.
BURGEE_ADDRESS says where the daemon is, if not in the usual places: unix:///path/burgee.sock, or
http://127.0.0.1:8016.
"""

from __future__ import annotations

import json
import queue
import sys
from collections.abc import Callable
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ProviderNotReadyError
from openfeature.flag_evaluation import Reason

FLAGS: tuple[tuple[str, str, Any], ...] = (
    ("new-checkout", "boolean", False),
    ("data-residency", "string", "us-east-1"),
    ("custom-fields-limit", "integer", 3),
    ("image-quality", "float", 0.7),
    ("chat-notifications", "object", {}),
    ("welcome-message", "string", "Hello."),
    ("comment-previews", "boolean", True),
)
"""Key, type, and the value to go on with whatever happens."""

CUSTOMERS = {
    "c-42 of acme": EvaluationContext(
        "anna",
        {"customer": "c-42", "organization": "acme", "environment": "production"}
        | {"plan": "enterprise", "country": "US"},
    ),
    "c-77 of globex": EvaluationContext(
        "boris",
        {"customer": "c-77", "organization": "globex", "environment": "production"}
        | {"plan": "pro", "country": "US", "teams_tenant": "globex.example"},
    ),
    "a visitor": EvaluationContext("browser-31", {"environment": "production", "country": "DE"}),
}

Answer = tuple[str, str]


def evaluate_all(client: OpenFeatureClient) -> dict[tuple[str, str], Answer]:
    """By flag and customer: the value, and why it is that one."""
    answers = {}
    for key, flag_type, default in FLAGS:
        for customer, context in CUSTOMERS.items():
            details = getattr(client, f"get_{flag_type}_details")(key, default, context)
            reason = details.reason
            if reason == Reason.CACHED:  # why it was chosen at first stands beside that
                reason = details.flag_metadata["burgee.reason"]
            why = str(details.error_code.value if details.error_code else reason)
            if source := details.flag_metadata.get("burgee.source"):
                why += f", {source} {details.flag_metadata.get('burgee.scope', '')}".rstrip()
            answers[key, customer] = (json.dumps(details.value, separators=(",", ":")), why)
    return answers


def print_rows(answers: dict[tuple[str, str], Answer]) -> None:
    """One line for each answer; a flag's name stands at the first of its lines."""
    last = ""
    for (key, customer), (value, why) in answers.items():
        print(f"{key if key != last else '':20} {customer:15} {why:38} {value}")
        last = key


def watch(client: OpenFeatureClient, shown: dict[tuple[str, str], Answer]) -> None:
    """Print the answers that change, until Ctrl-C."""
    # Handlers run on a thread of the SDK's, in no certain order: they only wake this one up.
    news: queue.SimpleQueue[tuple[str, EventDetails]] = queue.SimpleQueue()

    def tell(words: str) -> Callable[[EventDetails], None]:
        return lambda details: news.put((words, details))

    for event, words in (
        (ProviderEvent.PROVIDER_READY, "following the daemon"),
        (ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, "changed"),
        (ProviderEvent.PROVIDER_STALE, "the daemon is silent, its last known answers hold"),
        (ProviderEvent.PROVIDER_ERROR, "the daemon is gone, its last known answers hold"),
    ):
        client.add_handler(event, tell(words))
    while True:
        words, details = news.get()
        print(f"-- {words}{': ' + ', '.join(details.flags_changed) if details.flags_changed else ''}")
        now = evaluate_all(client)
        print_rows({asked: answer for asked, answer in now.items() if answer != shown[asked]})
        sys.stdout.flush()
        shown = now


def main() -> None:
    """Print the table, then what changes if that is wanted."""
    try:
        api.set_provider_and_wait(BurgeeProvider())
        client = api.get_client()
        answers = evaluate_all(client)
        print_rows(answers)
        if "--watch" in sys.argv[1:]:
            watch(client, answers)
    except ProviderNotReadyError as reason:
        # An application would go on with its defaults until the daemon is there; a table of them is no use.
        sys.exit(str(reason))
    except KeyboardInterrupt:
        print("-- the end")
    finally:
        api.shutdown()


if __name__ == "__main__":
    main()
