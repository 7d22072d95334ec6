"""From a save of the definition to the running client.

Measured from the end of the save to the application's handler of PROVIDER_CONFIGURATION_CHANGED, and to an
evaluation that gives the new value; evaluations are asked about every 1.5 ms, so that is how exact the latter
is. Beside it: how long watchfiles alone takes to notice the same save, in this process.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import clients, documents, servers
from harness.report import Report, options
from harness.rounds import Arm, interleave, joined, medians, percentile, ratios
from harness.saving import SavedDefinition, Seen

SIZES = (100, 2_000)
SUFFIXES = ("yaml", "json")
MANNERS = ("renamed", "in place")


@contextmanager
def served(folder: Path, count: int, suffix: str) -> Iterator[SavedDefinition]:
    """A daemon on a definition of ``count`` flags, with a client."""
    watched = folder / f"{count}-{suffix}" / "definition"
    watched.mkdir(parents=True)
    path = watched / f"flags.{suffix}"
    content = documents.rendered(documents.definition(count), suffix)
    path.write_bytes(content)
    with servers.daemon(path, watched.parent) as daemon:
        saved = SavedDefinition(path, content, clients.burgee(f"{count} {suffix}", daemon.unix))
        with saved.noticed():
            yield saved


def saving(definition: SavedDefinition, manner: str, saves: int) -> Callable[[], list[Seen]]:
    """Saves at moments that have nothing to do with the daemon's own beat."""
    pauses = random.Random(manner)

    def measure() -> list[Seen]:
        seen = []
        for _ in range(saves):
            time.sleep(pauses.uniform(0.15, 0.4))
            seen.append(definition.save(rename=manner == "renamed"))
        return seen

    return measure


def main() -> None:
    """Measure and print."""
    given = options(__doc__, rounds=7)
    saves, sizes = (1, (20,)) if given.quick else (4, SIZES)
    report = Report("from a save to the running client", given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arms = []
        for count in sizes:
            for suffix in SUFFIXES:
                definition = stack.enter_context(served(folder, count, suffix))
                for manner in MANNERS:
                    name = f"{count} flags, {suffix.upper()}, {manner}"
                    arms.append(Arm(name, saving(definition, manner, saves)))
        # Providers first, servers after: pushed last, it runs first.
        stack.callback(clients.close)
        measured = {name: joined(rounds) for name, rounds in interleave(arms, given.rounds).items()}
    report.table(
        f"Milliseconds from the end of a save, {saves} saves a round: median / p95 / greatest of all",
        (
            "what was saved",
            "watchfiles alone",
            "handler",
            "evaluation",
            "handler / watchfiles",
        ),
        [
            (
                name,
                *(_percentiles([[each[index] for each in seen] for seen in rounds]) for index in range(3)),
                ratios(
                    medians([[each.handler for each in seen] for seen in rounds]),
                    medians([[each.watcher for each in seen] for seen in rounds]),
                )
                if name.endswith(MANNERS[0])
                else "-",
            )
            for name, rounds in measured.items()
        ],
    )
    report.figures("milliseconds", measured)
    report.finish()


def _percentiles(rounds: list[list[float]]) -> str:
    return " / ".join(f"{percentile(rounds, share):.0f}" for share in (0.5, 0.95, 1))


if __name__ == "__main__":
    main()
