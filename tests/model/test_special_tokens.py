"""Special tokens: one piece each, with a row that the checkpoint decides, in every family."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from transformers import AutoModel, ByT5Tokenizer, PreTrainedTokenizerFast

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.errors import ConfigError, EncoderError
from mtlv.model.encoders import load_encoder, load_tokenizer, locate
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings, LoraSettings, ScratchSettings
from mtlv.model.source import EncoderSource
from mtlv.model.special_tokens import add_rows
from mtlv.model.tokens import table_key, tokenise, tokenise_texts, tokenise_words
from mtlv.studies.overrides import ModelSettings
from mtlv.training import checkpoint
from toys import FAMILIES, HIDDEN, tiny_source, toy_corpus, toy_network, write_encoder

every_family = pytest.mark.parametrize("family", FAMILIES)
TOKENS = ("@GENE$", "@HEART$", "<e1>")
WORDS = "the heart shows no change today"


def _settings(source: EncoderSource, **changes: object) -> EncoderSettings:
    return EncoderSettings(name=source.address, special_tokens=TOKENS, **changes)


def _with_tokens(family: str = "bert", **changes: object) -> EncoderSource:
    return locate(_settings(tiny_source(family), **changes))


def _table(encoder: nn.Module) -> Tensor:
    weight: Tensor = encoder.get_input_embeddings().weight  # type: ignore[operator]
    return weight.detach()


def _ids(source: EncoderSource, text: str) -> list[int]:
    return [int(i) for i in tokenise_texts([text], source, 64).ids]


# --- the tokenizer -------------------------------------------------------------------------------


@every_family
def test_a_token_is_one_piece_wherever_it_stands(family: str) -> None:
    source = _with_tokens(family)
    tokenizer = load_tokenizer(source)
    gene, mark = (tokenizer.convert_tokens_to_ids(t) for t in ("@GENE$", "<e1>"))
    ids = _ids(source, "the @GENE$-heart <e1> lung, no@GENE$.")
    assert (ids.count(gene), ids.count(mark)) == (2, 1)
    assert tokenizer.unk_token_id not in _ids(source, "the @GENE$ heart @HEART$")
    assert _ids(source, "@gene$").count(gene) == 0


@every_family
def test_other_texts_are_tokenised_as_before(family: str) -> None:
    assert _ids(_with_tokens(family), WORDS) == _ids(tiny_source(family), WORDS)


def test_a_token_that_is_a_word_of_a_token_list_begins_that_word() -> None:
    source = _with_tokens()
    table = tokenise_words([["the", "@GENE$", "heart"]], source, 32)
    assert table.words is not None
    gene = load_tokenizer(source).convert_tokens_to_ids("@GENE$")
    assert [int(w) for w in table.words[table.ids == gene]] == [1]


def _byte_level(folder: Path) -> EncoderSource:
    """Write a tiny RoBERTa with a byte-level tokenizer, as the real one has."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator([WORDS, "the gene binds the gene"] * 4, trainer)
    pieces.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    torch.manual_seed(0)
    AutoModel.from_config(FAMILIES["roberta"](pieces.get_vocab_size())).save_pretrained(folder)
    named = dict(zip(("bos", "pad", "eos", "unk", "mask"), special, strict=True))
    tokens = {f"{name}_token": token for name, token in named.items()}
    PreTrainedTokenizerFast(
        tokenizer_object=pieces, cls_token="<s>", sep_token="</s>", **tokens
    ).save_pretrained(folder)
    return locate(EncoderSettings(name=str(folder)))


def test_a_byte_level_tokenizer_makes_no_piece_of_the_blank_before_a_token(tmp_path: Path) -> None:
    source = locate(_settings(_byte_level(tmp_path / "roberta")))
    tokenizer = load_tokenizer(source)
    pieces = tokenizer.convert_ids_to_tokens(_ids(source, "the @GENE$ binds the gene"))
    assert pieces[2] == "@GENE$"
    assert "Ġ" not in pieces
    encoder = load_encoder(source, EncoderSettings())
    former = load_tokenizer(_byte_level(tmp_path / "same"))("@GENE$", add_special_tokens=False)
    assert len(former["input_ids"]) > 1
    table = _table(encoder)
    expected = table[former["input_ids"]].mean(dim=0)
    torch.testing.assert_close(table[tokenizer.convert_tokens_to_ids("@GENE$")], expected)


# --- the rows ------------------------------------------------------------------------------------


@every_family
def test_a_new_row_is_the_mean_of_its_former_pieces_and_old_rows_stay(family: str) -> None:
    source, bare = _with_tokens(family), tiny_source(family)
    before = _table(load_encoder(bare, EncoderSettings()))
    after = _table(load_encoder(source, EncoderSettings()))
    assert len(after) == len(before) + len(TOKENS)
    assert torch.equal(after[: len(before)], before)
    tokenizer = load_tokenizer(source)
    for token in TOKENS:
        pieces = load_tokenizer(bare)(token, add_special_tokens=False)["input_ids"]
        row = after[tokenizer.convert_tokens_to_ids(token)]
        torch.testing.assert_close(row, before[pieces].mean(dim=0))
    one, other = (after[tokenizer.convert_tokens_to_ids(t)] for t in TOKENS[:2])
    assert not torch.equal(one, other)


@every_family
def test_an_encoder_runs_on_them(family: str) -> None:
    source = _with_tokens(family)
    encoder = load_encoder(source, EncoderSettings()).eval()
    ids = torch.tensor([_ids(source, "the @GENE$ heart")])
    states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    assert states.shape == (1, ids.shape[1], HIDDEN)
    assert states.isfinite().all()


class _Spare(nn.Module):
    """Two columns, with more rows than tokens, as some checkpoints have."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.table = nn.Embedding(rows, 2)
        with torch.no_grad():
            self.table.weight.copy_(torch.arange(2.0 * rows).view(rows, 2))

    def get_input_embeddings(self) -> nn.Embedding:
        return self.table

    def resize_token_embeddings(self, size: int, mean_resizing: bool) -> None:
        assert size >= self.table.num_embeddings
        old = self.table.weight.detach()
        self.table = nn.Embedding(size, 2)
        with torch.no_grad():
            self.table.weight[: len(old)] = old


def test_rows_to_spare_are_used_and_none_is_taken_away() -> None:
    """Rows are 0 1, 2 3, 4 5, 6 7, 8 9; token 3 was cut into 0 and 2, token 5 into nothing."""
    model = _Spare(5)
    add_rows(model, {3: [0, 2]})
    assert model.table.weight.tolist() == [[0, 1], [2, 3], [4, 5], [2, 3], [8, 9]]
    add_rows(model, {5: []})
    assert model.table.weight.tolist()[3:5] == [[2, 3], [8, 9]]
    assert model.table.weight.tolist()[5] == pytest.approx([3.2, 4.2])


def test_a_token_of_the_vocabulary_keeps_its_row() -> None:
    bare = tiny_source()
    source = locate(EncoderSettings(name=bare.address, special_tokens=("heart",)))
    before, after = (_table(load_encoder(s, EncoderSettings())) for s in (bare, source))
    assert torch.equal(before, after)
    assert _ids(source, "the heart") == _ids(bare, "the heart")


@pytest.mark.parametrize("changes", [{"freeze_layers": 1}, {"lora": True}, {}], ids=str)
def test_rows_learn_as_other_embeddings_do_and_are_restored(
    changes: dict[str, object], tmp_path: Path
) -> None:
    lora = LoraSettings(rank=2) if changes.get("lora") else None
    source = _with_tokens()
    options = {"encoder": EncoderSettings(lora=lora)}
    layers = int(changes.get("freeze_layers", 0))  # type: ignore[call-overload]
    trained = toy_network(source, freeze_layers=layers, **options)  # type: ignore[arg-type]
    table = next(
        (n, p) for n, p in trained.named_parameters() if n.endswith("word_embeddings.weight")
    )
    assert table[1].requires_grad == (not changes)
    assert (table[0] in trained.trainable_state()) == (not changes)
    with torch.no_grad():
        for value in trained.trainable_state().values():
            value += 1.0
    checkpoint.save(trained, tmp_path)
    fresh = toy_network(source, freeze_layers=layers, seed=5, **options)  # type: ignore[arg-type]
    checkpoint.restore(fresh, tmp_path)
    after = fresh.state_dict()
    assert all(torch.equal(after[name], own) for name, own in trained.state_dict().items())


def test_the_encoder_scratch_knows_them() -> None:
    texts = [WORDS, "the lung"]
    small = ScratchSettings(layers=1, hidden_size=8, attention_heads=2, vocabulary=100)
    settings = EncoderSettings(name="scratch", scratch=small, special_tokens=TOKENS)
    source = scratch_source(settings, texts)
    assert source.random
    assert len(_table(load_encoder(source, settings))) == len(load_tokenizer(source))
    bare = scratch_source(settings.model_copy(update={"special_tokens": ()}), texts)
    assert bare.address == source.address
    assert bare.fingerprint != source.fingerprint


# --- names ---------------------------------------------------------------------------------------


def test_tokens_are_part_of_the_names_of_sources_and_token_tables() -> None:
    bare, source = tiny_source(), _with_tokens()
    other = locate(EncoderSettings(name=bare.address, special_tokens=TOKENS[:2]))
    assert len({s.fingerprint for s in (bare, source, other)}) == 3
    corpus = toy_corpus()
    assert len({table_key(corpus, s, 32) for s in (bare, source, other)}) == 3
    assert (
        locate(_settings(bare)).fingerprint
        == locate(EncoderSettings(name=bare.address, special_tokens=TOKENS[::-1])).fingerprint
    )


def test_a_setting_that_is_not_set_is_not_part_of_a_jobs_id() -> None:
    assert "special_tokens" not in EncoderSettings().model_dump(mode="json")
    dumped = EncoderSettings(special_tokens=TOKENS).model_dump(mode="json")
    assert dumped["special_tokens"] == ["<e1>", "@GENE$", "@HEART$"]


def test_noted_tokens_are_named_once_all_in_order() -> None:
    settings = EncoderSettings(special_tokens="noted")
    named = settings.naming(["@B$", "@A$", "@B$"])
    assert named.special_tokens == ("@A$", "@B$")
    assert named.naming(["@C$"]) == named
    assert EncoderSettings().naming(["@A$"]) == EncoderSettings()


def test_noted_tokens_that_nobody_notes_are_an_error() -> None:
    with pytest.raises(EncoderError, match="No corpus notes special tokens"):
        EncoderSettings(special_tokens="noted").naming([])
    with pytest.raises(EncoderError, match="Outside a study"):
        locate(EncoderSettings(name=tiny_source().address, special_tokens="noted"))


@pytest.mark.parametrize("tokens", [[""], [" @A$"], "all", [1]])
def test_what_is_no_token_is_refused(tokens: object) -> None:
    settings = ModelSettings(*([EncoderSettings()] * 3))  # type: ignore[arg-type, list-item]
    with pytest.raises(ConfigError, match="not valid"):
        settings.changed({"encoder.special_tokens": tokens}, "here")


# --- a tokenizer that cannot tell words ----------------------------------------------------------


def test_tagging_with_a_tokenizer_that_is_not_fast_is_refused(tmp_path: Path) -> None:
    """The tokenizer of ByT5 reads bytes and has no fast version."""
    folder = write_encoder(tmp_path / "bytes", tokenizer=False)
    ByT5Tokenizer().save_pretrained(folder)
    builder = CorpusBuilder("tagged", [Target("part", "tagging", ("O", "B-part"))])
    for name in ("1", "2"):
        builder.add(Example(name, tokens=("the", "heart"), targets={"part": [0, 1]}))
    with pytest.raises(EncoderError, match="no fast tokenizer") as error:
        tokenise(builder.build(), locate(EncoderSettings(name=str(folder))), 32)
    assert error.value.where == str(folder)
    assert error.value.found == "ByT5Tokenizer"
    assert "tokenizer.json" in str(error.value.expected)
    assert error.value.hint is not None
