"""The bootstrap file: a snapshot, or a definition, that answers while there is nothing better."""

from __future__ import annotations

import codecs
from pathlib import Path

import orjson

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.errors import DefinitionError, SnapshotError
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes.layout import MAGIC

from .evaluator import read
from .options import OptionsError


def read_bootstrap(path: Path) -> Snapshot:
    """Read a snapshot's bytes, or a definition in JSON.

    Raises:
        OptionsError: the file is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OptionsError(f"bootstrap {path} cannot be read: {error.strerror or error}") from None
    try:
        if data.startswith(MAGIC):
            return read(memoryview(data), whole=True)
        document = orjson.loads(data.removeprefix(codecs.BOM_UTF8))
        layer, _ = read_layer(str(path), [SourceDocument(document, str(path))])
        return compose([layer])
    except SnapshotError as error:
        raise OptionsError(f"bootstrap {path} is no usable snapshot: {error}") from None
    except orjson.JSONDecodeError as error:
        raise OptionsError(
            f"bootstrap {path} is neither a snapshot nor JSON ({error}): write one of the two"
        ) from None
    except DefinitionError as error:
        raise OptionsError(f"bootstrap {path} is no valid definition:\n{error}") from None
