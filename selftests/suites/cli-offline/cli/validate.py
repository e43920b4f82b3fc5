#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Validate the JSON of test runs by Documentation/fpgactl.schema.json.

Usage: validate.py SCHEMA <RUNS

RUNS has four strings for a run, each with a NUL at its end: the test, the words of the command
line, standard output and standard error. Prints a line for each invalid document.
"""
import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def documents(text):
    """Yield the JSON documents of a text, which may have other lines before and between them."""
    decoder = json.JSONDecoder()
    while text:
        if text[0] == "{":
            document, end = decoder.raw_decode(text)
            yield document
            text = text[end:].lstrip("\n")
        else:
            text = text.partition("\n")[2]


def complaint(validator, document):
    """Return what is wrong with a document, or None."""
    error = best_match(validator.iter_errors(document))
    if error:
        return f"{error.json_path}: {error.message[:300]}"
    return None if next(iter(document)) == "schema" else "schema is not the first member"


def open_objects(schema, path):
    """Yield the paths of schemas of objects that accept any other key, or lack a required one."""
    if isinstance(schema, list):
        for i, item in enumerate(schema):
            yield from open_objects(item, f"{path}[{i}]")
    if not isinstance(schema, dict):
        return
    is_part = schema.get("$comment") == "Part of others, which close it."
    is_closed = any(schema.get(f"{how}Properties") is not None
                    for how in ("additional", "unevaluated"))
    if isinstance(schema.get("properties"), dict) and not is_part and not is_closed:
        yield f"{path}: not closed"
    for key in schema.get("required", []):
        if "$ref" not in schema and key not in schema.get("properties", {key: None}):
            yield f"{path}: required, but no property: {key}"
    for key, value in schema.items():
        yield from open_objects(value, f"{path}.{key}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    complaints = list(open_objects(schema, "$"))
    validators = {}
    for name in schema["$defs"]:
        if name == "error" or name.startswith("fpgactl-"):
            part = {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
            validators[name] = Draft202012Validator(part)
    fields = sys.stdin.buffer.read().decode().split("\0")[:-1]
    n = 0
    for test, line, out, err in zip(*[iter(fields)] * 4):
        name = next((f"fpgactl-{word}" for word in line.split()
                     if f"fpgactl-{word}" in validators), "error")
        for stream, text in ((name, out), ("error", err)):
            try:
                for document in documents(text):
                    n += 1
                    why = complaint(validators[stream], document)
                    if why:
                        complaints.append(f"{test}: fpgactl {line}: {stream}: {why}")
            except json.JSONDecodeError as error:
                complaints.append(f"{test}: fpgactl {line}: {stream}: {error}")
    print(f"{n} documents", *complaints, sep="\n")
    return bool(complaints)


sys.exit(main())
