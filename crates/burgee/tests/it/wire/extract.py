#!/usr/bin/env python3
"""Extracts what Unleash's OpenAPI documents say about operations and their answers.

    extract.py OPEN_SOURCE.json ENTERPRISE.json > unleash-shapes.json

Kept are methods, paths, names, types, what is required and what is closed; nothing that people read. Where the
documents differ, the first one wins. The list of event types is left out: burgee knows facts of its own.
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
operations, schemas = {}, {}
for document in documents:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation.get("operationId") if isinstance(operation, dict) else None
            if name is None or name in operations:
                continue
            answers = {}
            for status, answer in operation["responses"].items():
                content = (answer.get("content") or {}).get("application/json")
                if status.startswith("2"):
                    answers[status] = shape(content["schema"]) if content else None
            operations[name] = {"method": method.upper(), "path": path, "answers": answers}
wanted = {name for operation in operations.values() for name in references(operation)}
while wanted:
    name = wanted.pop()
    found = next(d["components"]["schemas"][name] for d in documents if name in d["components"]["schemas"])
    schemas[name] = shape(found)
    wanted |= set(references(schemas[name])) - set(schemas)
if "eventSchema" in schemas:
    del schemas["eventSchema"]["properties"]["type"]["enum"]


def lines(entries):
    """One entry a line, so that differences can be read."""
    rows = (json.dumps(name) + ": " + json.dumps(entries[name], sort_keys=True) for name in sorted(entries))
    return "{\n" + ",\n".join(rows) + "\n}"


print('{"operations": ' + lines(operations) + ',\n"schemas": ' + lines(schemas) + "}")
