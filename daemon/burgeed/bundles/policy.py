"""What a daemon asks of its sources: pinned keys, numbers that grow, and in some modes JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from burgee.fault import Fault
from burgeed.bundles.errors import BundleRefused
from burgeed.bundles.manifest import Bundle
from burgeed.bundles.record import BundleRecord, Objection
from burgeed.bundles.verification import verify
from burgeed.signing.keys import PublicKey

_log = logging.getLogger(__name__)


class BundlePolicy:
    """Decides of each source's content whether it may be served.

    Its methods hash and write to the disk, so they are not to be called on the event loop; several threads
    may call them.

    Args:
        keys: the pinned ones, at least one.
        record: what was accepted before.
        names: the bundles' names by source, for the sources whose settings state one.
        json_only: whether definitions in YAML and TOML are refused.
    """

    def __init__(
        self,
        keys: Sequence[PublicKey],
        record: BundleRecord,
        *,
        names: Mapping[str, str] | None = None,
        json_only: bool = False,
    ) -> None:
        self._keys = tuple(keys)
        self._record = record
        self._names = dict(names or {})
        self._json_only = json_only
        self._accepted: dict[str, Bundle] = {}

    def admit(self, source: str, files: Sequence[tuple[str, bytes]], manifest: tuple[str, bytes]) -> Bundle:
        """Verify the bytes of a source that are about to be read.

        Args:
            source: the source's URI.
            files: path and content of each.
            manifest: likewise; the content is empty where there is none.

        Raises:
            BundleRefused: they may not be read.
        """
        if self._json_only:
            _require_json(files)
        bundle = verify(files, manifest, self._keys)
        self._refuse(
            self._record.objection(source, bundle.manifest, self._names.get(source, "")), manifest[0]
        )
        return bundle

    def accept(self, source: str, bundle: Bundle, manifest_path: str) -> None:
        """Remember, before it is served, that this bundle is: from then on nothing older is.

        Raises:
            BundleRefused: it cannot be remembered, or meanwhile a newer one was accepted.
        """
        try:
            objection = self._record.accept(source, bundle.manifest, self._names.get(source, ""))
        except OSError as error:
            message = f"the number of the bundle cannot be kept in the state directory: {error.strerror}"
            raise BundleRefused(Fault(message, (), "make room for it", file=manifest_path)) from error
        self._refuse(objection, manifest_path)
        if self._accepted.get(source) != bundle:
            self._accepted[source] = bundle
            _log.info(
                "accepted a signed bundle",
                extra={
                    "source": source,
                    "bundle": bundle.manifest.name,
                    "number": bundle.manifest.number,
                    "key": bundle.key_id,
                },
            )

    def report(self, source: str) -> dict[str, object] | None:
        """The bundle that a source serves, as ``/status`` shows it; None before there is one."""
        bundle = self._accepted.get(source)
        if bundle is None:
            return None
        return {"name": bundle.manifest.name, "number": bundle.manifest.number, "key": bundle.key_id}

    def _refuse(self, objection: Objection | None, manifest_path: str) -> None:
        if objection is not None:
            raise BundleRefused(Fault(objection.message, (), objection.remedy, file=manifest_path))


def _require_json(files: Sequence[tuple[str, bytes]]) -> None:
    """Raise BundleRefused for files whose names say that they are something else."""
    faults = [
        Fault(
            "this mode takes definitions in JSON alone",
            (),
            "write it as JSON with `burgee bundle to-json`, and sign that",
            file=path,
        )
        for path, _ in files
        if not path.lower().endswith(".json")
    ]
    if faults:
        raise BundleRefused(*faults)
