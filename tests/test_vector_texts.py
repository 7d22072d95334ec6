"""The vectors whose layers are text, through the real reader process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from burgee.composition import compose
from burgee.errors import DefinitionError
from burgee.evaluation import evaluate
from burgee.fault import Fault
from burgee.generation import Generation
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderProcess
from tests.core.test_vectors import unmet
from tests.support.vectors import Refusal, Text, VectorFile, disagreements, refusals, vector_files


@pytest.fixture
async def reader() -> AsyncIterator[ReaderProcess]:
    process = ReaderProcess()
    await process.start()
    yield process
    await process.close()


@pytest.mark.parametrize(
    "file", [each for each in vector_files() if each.has_text], ids=lambda file: file.name
)
async def test_texts_answer_as_the_language_says(file: VectorFile, reader: ReaderProcess) -> None:
    layers = []
    for layer in file.layers:
        text = layer if isinstance(layer, Text) else Text("layer.json", json.dumps(layer))
        reading = await reader.read(text.file, [SourceFile(text.file, text.text.encode())])
        layers.append(reading.layer)
    snapshot = compose(layers, generation=Generation("texts", 1), fixed=file.fixed)
    wrong = {
        vector.name: said
        for vector in file.vectors
        if (
            said := disagreements(
                vector.expected, evaluate(snapshot, vector.flag, vector.context, now=vector.now)
            )
        )
    }
    assert file.vectors
    assert wrong == {}


@pytest.mark.parametrize(
    "refusal",
    [each for each in refusals() if isinstance(each.document, Text)],
    ids=lambda refusal: refusal.name,
)
async def test_a_faulty_text_is_refused_with_exactly_its_faults(
    refusal: Refusal, reader: ReaderProcess
) -> None:
    text: Text = refusal.document
    faults: tuple[Fault, ...]
    try:
        faults = (await reader.read("refused", [SourceFile(text.file, text.text.encode())])).warnings
    except DefinitionError as error:
        faults = error.faults
    assert unmet(refusal, faults) == []
    assert all(fault.file == text.file and fault.line is not None for fault in faults)
