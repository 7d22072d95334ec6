"""What the daemon asks of its sources' signatures, out of the settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from burgeed.audit.modes import MODES
from burgeed.bundles.errors import BundlesUnusable
from burgeed.bundles.manifest import is_name
from burgeed.settings.model import Settings

if TYPE_CHECKING:
    from burgeed.bundles.policy import BundlePolicy
    from burgeed.bundles.record import Files

_log = logging.getLogger(__name__)


def policy_of(settings: Settings, files: Files | None) -> BundlePolicy | None:
    """The policy for the sources; None where anything may be served.

    Args:
        files: the state directory; None where there is none.

    Raises:
        BundlesUnusable: a key, the record or a name cannot be used, or the mode asks for what is not there.
    """
    mode = MODES[settings.audit_mode]
    if not settings.source_keys:
        if mode.signed_sources and settings.sources:
            raise BundlesUnusable(
                f"mode {mode.name} serves definitions only where a pinned key signed them: pin it with "
                "--source-key (docs/guides/signed-definitions.md)"
            )
        for source in settings.sources:
            if source.bundle:
                raise BundlesUnusable(
                    f"the source {source.uri} has to be bundle {source.bundle}, and nobody's signature says "
                    "whether it is: pin who may sign it with --source-key"
                )
        return None
    if files is None:
        if mode.signed_sources:
            raise BundlesUnusable(
                f"mode {mode.name} keeps which bundles were accepted, and there is no state directory: "
                "--state-dir names one"
            )
        _log.warning(
            "no state directory: after a restart, older signed bundles are taken again; --state-dir names one"
        )
    names = {source.uri: source.bundle for source in settings.sources if source.bundle}
    for name in names.values():
        if not is_name(name):
            raise BundlesUnusable(f"bundle={name} is no name of a bundle; name it as it was signed")
    # The cryptography library takes a while to load: who pins no key does without it.
    from burgeed.bundles.pinned_keys import read_pinned_keys
    from burgeed.bundles.policy import BundlePolicy
    from burgeed.bundles.record import BundleRecord

    keys = read_pinned_keys(settings.source_keys)
    return BundlePolicy(keys, BundleRecord(files), names=names, json_only=mode.json_only)
