"""JSON Schemas of the files that people write, from the models that check them.

Draft 2020-12, for editors that complete and check as one types. An editor sees YAML 1.2 types,
where ``15`` is a number, so the schemas are a little wider than Herald, which reads everything as
text; ``herald check`` has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from herald.sources.campaigns.shapes import CampaignShape, MediaFile, WrittenFile
from herald.sources.config.load import FILES

DRAFT = "https://json-schema.org/draft/2020-12/schema"

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "campaign": CampaignShape,
    **FILES,
    "media": MediaFile,
    "newsletter": WrittenFile,
}
"""Each schema's name and the model that it describes."""


def json_schema(name: str) -> dict[str, Any]:
    """Return one schema as a JSON document; KeyError if there is none of that name."""
    made = SCHEMAS[name].model_json_schema(by_alias=True, schema_generator=_ForPeople)
    return {"$schema": DRAFT, "title": f"Herald: {name}", **_tidied(made)}


class _ForPeople(GenerateJsonSchema):
    """Leaves out what only programs want: defaults, and null for keys that may be left out."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of the value alone."""
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema of the value; a bare scalar may also be written as null."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), list):
            return {**inner, "type": [*inner["type"], "null"]}
        return inner


def _tidied(node: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names in the code."""
    if isinstance(node, list):
        return [_tidied(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _tidied(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
