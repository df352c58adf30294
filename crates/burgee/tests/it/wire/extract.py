#!/usr/bin/env python3
"""Extracts what Unleash's OpenAPI documents say about the answers of the operations that burgee serves.

    extract.py OPEN_SOURCE.json ENTERPRISE.json < docs/openapi.json > unleash-shapes.json

Kept are names, types, what is required and what is closed; nothing that people read. Where the documents differ, the
first one wins. The list of event types is left out: burgee knows facts of its own.
"""

import json
import sys

KEPT = {"type", "properties", "required", "additionalProperties", "items", "enum", "oneOf", "anyOf", "allOf", "$ref"}


def shape(schema):
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key not in KEPT:
            continue
        if key == "properties":
            value = {name: shape(inner) for name, inner in value.items()}
        elif key in ("items", "additionalProperties"):
            value = shape(value)
        elif key in ("oneOf", "anyOf", "allOf"):
            value = [shape(inner) for inner in value]
        elif key == "$ref":
            value = "#/schemas/" + value.rsplit("/", 1)[1]
        out[key] = value
    if schema.get("nullable"):
        if isinstance(out.get("type"), str):
            out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = out["enum"] + [None]
    return out


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner.rsplit("/", 1)[1]
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


documents = [json.load(open(path)) for path in sys.argv[1:]]
served = {op["operationId"] for path in json.load(sys.stdin)["paths"].values() for op in path.values()}
operations, schemas = {}, {}
for document in documents:
    for path in document["paths"].values():
        for operation in path.values():
            name = operation.get("operationId") if isinstance(operation, dict) else None
            if name not in served or name in operations:
                continue
            answers = {}
            for status, answer in operation["responses"].items():
                content = (answer.get("content") or {}).get("application/json")
                if status.startswith("2") or content is None:
                    answers[status] = shape(content["schema"]) if content else None
            operations[name] = {status: answers[status] for status in sorted(answers) if status.startswith("2")}
wanted = {name for shapes in operations.values() for name in references(shapes)}
while wanted:
    name = wanted.pop()
    found = next(d["components"]["schemas"][name] for d in documents if name in d["components"]["schemas"])
    schemas[name] = shape(found)
    wanted |= set(references(schemas[name])) - set(schemas)
if "eventSchema" in schemas:
    del schemas["eventSchema"]["properties"]["type"]["enum"]
json.dump({"operations": operations, "schemas": schemas}, sys.stdout, indent=1, sort_keys=True)
print()
