"""The JSON schema of a config, so that editors complete and check it.

It says more than the models alone could: short forms, the settings of known datasets and of flat
files, and those of every kind of plan.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mtlv.data.catalog import DATASETS
from mtlv.data.file_source import FileSource
from mtlv.studies.config import StudyConfig
from mtlv.studies.inputs import GENERIC
from mtlv.studies.roles import ROLE, ROLES
from mtlv.studies.specs import KINDS, MANY, HeadSpec, PlanSpec
from mtlv.studies.stages import StageSettings
from mtlv.training.settings import TrainSettings

__all__ = ["json_schema"]

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Schema:
    """Return the JSON schema of a config."""
    known = {name: DATASETS[name].settings for name in DATASETS}
    generic = {name: form for name, (form, _) in GENERIC.items()}
    sources: list[type[BaseModel]] = [FileSource, *generic.values(), *known.values()]
    models: list[type[BaseModel]] = [StudyConfig, PlanSpec, *sources]
    places, whole = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    refs = {model: places[model, "validation"] for model in models}
    definitions = whole["$defs"]
    study: Schema = definitions.pop(StudyConfig.__name__)
    fields = study["properties"]
    _shorten(fields["encoder"], {"type": "string"})
    weighting = definitions[TrainSettings.__name__]["properties"]["weighting"]
    weights = {"type": "array", "items": {"type": "number", "minimum": 0}}
    _shorten(weighting, {"type": "string"}, weights)
    finetune = definitions[StageSettings.__name__]["properties"]["finetune"]
    finetune["anyOf"].insert(0, {"const": "heads_only"})
    for name, form in generic.items():
        definitions[form.__name__]["properties"]["format"] = {
            "const": name,
            "description": "Form of the files.",
        }
        definitions[form.__name__]["required"].append("format")
    role = {"enum": list(ROLES), "default": ROLES[0], "description": ROLE}
    for source in sources:
        definitions[source.__name__].setdefault("properties", {})["role"] = role
    file = {"anyOf": [refs[FileSource], *(refs[form] for form in generic.values())]}
    data = _data(file, {name: refs[known[name]] for name in known})
    fields["data"] = {"description": fields["data"]["description"], **data}
    fields["plans"]["items"] = _plan(refs[PlanSpec])
    _widen_plan(definitions[PlanSpec.__name__])
    _widen_heads(definitions[PlanSpec.__name__]["properties"]["models"], definitions)
    labels = definitions[FileSource.__name__]["properties"]["labels"]
    labels["anyOf"] = labels.pop("oneOf")  # {column: c} could also be a label called `column`
    return {"$schema": DIALECT, **study, "$defs": definitions}


def _shorten(field: Schema, *short: Schema) -> None:
    """Let a field have short forms beside its own."""
    field["anyOf"] = [*short, {"$ref": field.pop("$ref")}]


def _data(file: Schema, known: dict[str, Schema]) -> Schema:
    """Return the forms of `data`: a name, a list of names, or names with their settings.

    Any name may stand for a flat file, that of a known dataset too.
    """
    nothing = {"type": "null"}
    named = {name: {"anyOf": [own, file, nothing]} for name, own in known.items()}
    names = {"enum": list(known)}
    mapping = {
        "type": "object",
        "minProperties": 1,
        "properties": named,
        "additionalProperties": file,
    }
    return {"anyOf": [names, {"type": "array", "items": names}, mapping]}


def _plan(spec: Schema) -> Schema:
    settings = {"anyOf": [spec, {"type": "null"}]}
    mapping = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": dict.fromkeys(KINDS, settings),
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": ["stl", "mtl"]}, mapping]}


def _widen_heads(models: Schema, definitions: Schema) -> None:
    """Let a head be a list of task names alone; what it does not set is the plan's."""
    for own in definitions[HeadSpec.__name__]["properties"].values():
        own.pop("default", None)
    heads = next(own for own in models["anyOf"] if own["type"] == "array")["items"]
    names = {"type": "array", "items": {"type": "string"}}
    heads["items"] = {"anyOf": [names, heads["items"]]}


def _widen_plan(spec: Schema) -> None:
    """Take out the kind, which is the key, and let lists stand for several plans."""
    del spec["properties"]["kind"]
    spec["required"] = [name for name in spec.get("required", []) if name != "kind"]
    for name in MANY:
        own = spec["properties"][name]
        alone = {key: own.pop(key) for key in ("type", "anyOf") if key in own}
        item = {"type": "string" if name == "features" else "integer"}
        own["anyOf"] = [alone, {"type": "array", "items": item}]
