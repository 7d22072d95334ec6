"""A daemon that is killed and started again while many ask it, and an account of what they were told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

from tests.support.daemon import RunningDaemon, running_daemon, wait_until
from tests.support.ports import reserved_port

THREADS = 8
CUSTOMERS = 20
DOMAIN = "restarts"


def definition(number: int) -> str:
    """One definition of many. Each value says which, and for which customer it is."""
    variants = {f"c-{each}": f"{number}/c-{each}" for each in range(CUSTOMERS)}
    rules = [{"when": {"customer": name}, "serve": name} for name in variants]
    variants["none"] = f"{number}/none"
    flags = {"flag": {"variants": variants, "defaultVariant": "none", "rules": rules}}
    return json.dumps({"flags": flags})


class Account:
    """What was said, and what was wrong with it. Threads write to it without a lock.

    Attributes:
        serving: number of the definition that is served now; values may be of this one or one before.
        wrong: answers that should never have been given, and exceptions.
        reasons: how often each was given.
        fresh: number of the newest definition that an answer of the daemon itself came from.
        served: customers who were answered by the daemon itself, by definition.
    """

    def __init__(self) -> None:
        self.serving = 0
        self.wrong: list[Any] = []
        self.reasons: Counter[str] = Counter()
        self.longest = 0.0
        self.fresh = -1
        self.served: dict[int, set[str]] = {}

    def take(self, customer: str, sent_at: float, oldest: int, details: FlagEvaluationDetails[str]) -> None:
        """Judge one answer.

        Args:
            customer: who asked.
            sent_at: monotonic seconds.
            oldest: the definition that was ready, and known to this caller, before it asked.
            details: the answer.
        """
        self.longest = max(self.longest, time.monotonic() - sent_at)
        reason = str(details.reason)
        self.reasons[reason] += 1
        number, _, whose = details.value.partition("/")
        if details.value == "default":
            if details.error_code is None:
                self.wrong.append(details)
        elif whose != customer or int(number) > self.serving:
            self.wrong.append((customer, self.serving, details))
        elif reason in (Reason.TARGETING_MATCH, Reason.CACHED):
            if int(number) < oldest:
                self.wrong.append(("older than what was served before", oldest, details))
            self.fresh = max(self.fresh, int(number))
            self.served.setdefault(int(number), set()).add(customer)


class Load:
    """Threads and an event loop that ask without a pause."""

    def __init__(self) -> None:
        self.account = Account()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]
        self._threads.append(threading.Thread(target=lambda: asyncio.run(self._ask_all())))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a call hangs"

    def _ask(self, number: int) -> None:
        client = api.get_client(DOMAIN)
        step = number
        try:
            while not self._stopping.is_set():
                step += 1
                customer = f"c-{step % CUSTOMERS}"
                context = EvaluationContext(customer, {"customer": customer, "step": step})
                began, oldest = time.monotonic(), self.account.fresh
                details = client.get_string_details("flag", "default", context)
                self.account.take(customer, began, oldest, details)
                self._stopping.wait(0.02)
        except BaseException as error:
            self.account.wrong.append(error)

    async def _ask_all(self) -> None:
        client = api.get_client(DOMAIN)

        async def ask(step: int) -> None:
            customer = f"c-{step % CUSTOMERS}"
            context = EvaluationContext(customer, {"customer": customer})
            began, oldest = time.monotonic(), self.account.fresh
            details = await client.get_string_details_async("flag", "default", context)
            self.account.take(customer, began, oldest, details)

        step = 0
        try:
            while not self._stopping.is_set():
                await asyncio.gather(*(ask(step + each) for each in range(8)))
                step += 8
                await asyncio.sleep(0.05)
        except BaseException as error:
            self.account.wrong.append(error)


def recovery(account: Account, number: int, seconds: float) -> float:
    """Seconds until an answer comes from the daemon that serves this definition; returns once everybody has
    had one.
    """
    began = time.monotonic()
    while account.fresh < number:
        assert time.monotonic() - began < seconds, f"not back after {seconds} s: {account.reasons}"
        time.sleep(0.002)
    back = time.monotonic() - began
    wait_until(lambda: len(account.served[number]) == CUSTOMERS)
    return back


class Outcome:
    """What came of some restarts."""

    def __init__(self, account: Account, recoveries: list[float]) -> None:
        self.account = account
        self.recoveries = sorted(recoveries)

    def __str__(self) -> str:
        middle = self.recoveries[len(self.recoveries) // 2]
        return (
            f"{len(self.recoveries)} restarts: {self.account.reasons.total()} calls "
            f"({dict(self.account.reasons)}), {len(self.account.wrong)} wrong; "
            f"the longest call {self.account.longest * 1000:.0f} ms; "
            f"back after {middle * 1000:.0f} ms (median), {self.recoveries[-1] * 1000:.0f} ms at most"
        )


def restart_under_load(folder: Path, times: int, transport: str, deadline: float, longest: float) -> Outcome:
    """Kill the daemon and start it again with another definition: once it is missed, and at once, in turns.

    Args:
        folder: for its files.
        times: how often.
        transport: ``unix`` or ``tcp``.
        deadline: seconds, of the provider.
        longest: seconds until it has to be answering again, once it says that it is ready.
    """
    flags = folder / "flags.json"
    flags.write_text(definition(0))
    recoveries: list[float] = []
    with ExitStack() as stack:
        listen = f"127.0.0.1:{stack.enter_context(reserved_port())}"
        daemon = _started(stack, folder, flags, listen)
        assert daemon.http is not None
        address = daemon.http if transport == "tcp" else f"unix://{daemon.socket}"
        provider = BurgeeProvider(address, deadline=deadline)
        api.set_provider_and_wait(provider, DOMAIN)
        stack.callback(provider.shutdown)
        load = stack.enter_context(Load())
        recovery(load.account, 0, longest)
        for number in range(1, times + 1):
            os.kill(daemon.pid, signal.SIGKILL)
            daemon.wait()
            if number % 2:
                _missed(load.account)
            load.account.serving = number
            flags.write_text(definition(number))
            daemon = _started(stack, folder, flags, listen)
            recoveries.append(recovery(load.account, number, longest))
    return Outcome(load.account, recoveries)


def _missed(account: Account) -> None:
    """Wait until a caller was told that the daemon is gone."""
    before = account.reasons[Reason.STALE]
    wait_until(lambda: account.reasons[Reason.STALE] > before)


def _started(stack: ExitStack, folder: Path, flags: Path, listen: str) -> RunningDaemon:
    daemon = stack.enter_context(running_daemon(folder, "--source", flags, "--listen", listen))
    daemon.wait_ready()
    return daemon
