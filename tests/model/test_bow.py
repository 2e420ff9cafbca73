"""The encoder `bow`: words of the training texts, and the sums of a dense bag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mtlv.errors import EncoderError, MtlvError
from mtlv.model.bow import SPECIAL, BowConfig, BowModel, check_bow
from mtlv.model.bow_words import bow_source, vocabulary
from mtlv.model.encoders import load_encoder, load_tokenizer
from mtlv.model.layers import freeze
from mtlv.model.settings import BowSettings, EncoderSettings, LoraSettings
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import tokenise_texts
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from mtlv.tasks import Task, TaskSet
from mtlv.training.loop import train
from mtlv.usage.predict import load_predictor
from small import LABELS, Counter, small_config, small_source, write_csv
from toys import toy_corpus, toy_data, toy_network, toy_settings

FILMS = ["A great film, isn't it?", "Boring film; not great.", "The plot moves on and on"]
FOOD = ["Great food! The food isn\u2019t cold", "not fresh and not a bit hot", "plot of moves on"]
TEXTS = {"films": FILMS, "food": FOOD}
COMMON = ["great", "not", "on", "the", "a", "and", "isn't", "moves", "plot"]


def settings(**bow: Any) -> EncoderSettings:
    return EncoderSettings(name="bow", bow=BowSettings(**({"hidden_size": 4} | bow)))


@pytest.fixture(scope="module")
def source() -> EncoderSource:
    return bow_source(settings(shared=False), TEXTS)


def model(source: EncoderSource, seed: int = 0) -> BowModel:
    torch.manual_seed(seed)
    found = load_encoder(source, settings()).eval()
    assert isinstance(found, BowModel)
    return found


def ids_of(source: EncoderSource, *texts: str) -> torch.Tensor:
    encoded = load_tokenizer(source)(list(texts), padding=True)
    return torch.tensor(encoded["input_ids"])


def test_words_that_some_corpus_lacks_are_left_out() -> None:
    assert vocabulary(TEXTS, BowSettings()) == sorted(
        COMMON, key=lambda w: (-{"great": 3, "not": 3, "on": 3, "the": 2}.get(w, 2), w)
    )


def test_with_one_corpus_or_on_demand_all_words_stay() -> None:
    alone = vocabulary({"films": FILMS}, BowSettings())
    assert {"film", "boring", "it"} < set(alone)
    assert {"film", "food", "hot"} < set(vocabulary(TEXTS, BowSettings(shared=False)))


def test_hyphens_part_words_and_apostrophes_do_not() -> None:
    text = {"films": ["A well-made film isn't well made", "well, isn\u2019t it"]}
    found = vocabulary(text, BowSettings())
    assert found == ["well", "isn't", "made", "a", "film", "it"]


def test_special_tokens_are_no_words_of_the_vocabulary() -> None:
    texts = {"any": ["@GENE$ binds gene1 and @GENE$2 and"]}
    assert "gene" in vocabulary(texts, BowSettings())
    assert vocabulary(texts, BowSettings(), ["@GENE$"]) == ["and", "2", "binds", "gene1"]


def test_rare_words_go_and_the_most_frequent_stay() -> None:
    counts = {"a": 3, "b": 2, "c": 2, "d": 1}
    text = {"x": [" ".join(w for w, n in counts.items() for _ in range(n))]}
    assert vocabulary(text, BowSettings(min_count=2)) == ["a", "b", "c"]
    many = {"x": [" ".join(f"w{i:02}" for i in range(20))]}
    assert vocabulary(many, BowSettings(vocabulary=10)) == [f"w{i:02}" for i in range(10)]


def test_the_tokenizer_finds_the_words_that_were_counted(source: EncoderSource) -> None:
    odd = "Isn\u2019t THE plot—unknown!\tgreat_film  Café"
    found = load_tokenizer(source).tokenize(odd)
    assert found == ["isn't", "the", "plot", "[UNK]", "[UNK]", "[UNK]"]
    every = {
        w for own in TEXTS.values() for text in own for w in load_tokenizer(source)(text)[0].tokens
    }
    assert every - set(SPECIAL) == set(vocabulary(TEXTS, BowSettings(shared=False)))


@pytest.mark.parametrize("counts", ["binary", "counts"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_hidden_layer_is_that_of_a_dense_bag(activation: str, counts: str) -> None:
    own = bow_source(settings(shared=False, activation=activation, counts=counts), TEXTS)
    encoder, ids = model(own), ids_of(own, "not great, not great", "unheard of words", "!?", *FOOD)
    encoder.bias.data = torch.tensor([0.1, -0.2, 0.3, 0.0])
    dense = np.zeros((len(ids), encoder.config.vocab_size))
    for row, text in zip(dense, ids.tolist(), strict=True):
        for word in text:
            row[word] = 1 if counts == "binary" else row[word] + 1
    dense[:, : len(SPECIAL)] = 0
    sums = dense @ encoder.embeddings.weight.detach().numpy() + encoder.bias.detach().numpy()
    expected = {
        "sigmoid": 1 / (1 + np.exp(-sums)),
        "tanh": np.tanh(sums),
        "relu": np.maximum(sums, 0),
    }[activation]
    states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    assert states.shape == (len(ids), 1, 4)
    assert np.allclose(states[:, 0].detach().numpy(), expected, atol=1e-6)
    trained = encoder.train()(input_ids=ids).last_hidden_state
    assert torch.allclose(trained, states, atol=1e-6), "two ways to one sum"


def test_special_tokens_and_padding_count_for_nothing(source: EncoderSource) -> None:
    encoder, alone = model(source), ids_of(source, "great")
    padded = ids_of(source, "great", "unheard of, not even once, in all of these texts")[:1]
    states = [encoder(input_ids=ids).last_hidden_state for ids in (alone, padded)]
    assert torch.equal(*states)


def test_rows_of_words_give_what_ids_give(source: EncoderSource) -> None:
    encoder, ids = model(source), ids_of(source, "great film")
    rows = encoder.get_input_embeddings()(ids)
    from_rows = encoder(inputs_embeds=rows).last_hidden_state
    assert torch.allclose(from_rows, encoder(input_ids=ids).last_hidden_state, atol=1e-6)


def test_its_weights_start_from_the_seed(source: EncoderSource) -> None:
    first, same, other = (model(source, seed).embeddings.weight.detach() for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert not first[: len(SPECIAL)].any(), "special tokens count for nothing"
    limit = (6 / sum(first.shape)) ** 0.5
    assert 0.9 * limit < float(first.abs().max()) <= limit, "Xavier uniform"


def test_its_folder_is_named_by_words_and_size(source: EncoderSource) -> None:
    assert source.random
    assert source.pooling == "cls"
    assert BowConfig.from_pretrained(source.address).hidden_size == 4
    assert bow_source(settings(shared=False), {"all": FILMS + FOOD}) == source, "the same words"
    others = [
        bow_source(settings(shared=False, hidden_size=5), TEXTS),
        bow_source(settings(shared=False, counts="counts"), TEXTS),
        bow_source(settings(shared=False), {"films": FILMS}),
    ]
    assert source.fingerprint not in {other.fingerprint for other in others}


def test_a_text_without_a_known_word_has_a_token(source: EncoderSource) -> None:
    assert tokenise_texts(["!!!", "…"], source, 8).lengths.tolist() == [1, 1]


def test_too_few_common_words_are_an_error_that_says_how_to_keep_more() -> None:
    with pytest.raises(EncoderError, match="bag of words has no words") as error:
        bow_source(settings(), {"films": ["film"], "food": ["food"]})
    assert "shared: false" in str(error.value)
    with pytest.raises(EncoderError, match="has 9 words"):
        bow_source(settings(), TEXTS)


def test_what_it_cannot_do_is_said_before_training() -> None:
    binary = TaskSet((Task("a", "binary", "x", (), "f1"),))
    tagging = TaskSet((Task("ner", "tagging", "x", ("O", "B"), "entity_f1"),))
    check_bow(settings(), 0, binary)
    check_bow(EncoderSettings(name="scratch"), 1, tagging)
    with pytest.raises(EncoderError, match="cannot tag") as error:
        check_bow(settings(), 0, tagging)
    assert "'ner'" in str(error.value)
    with pytest.raises(EncoderError, match="no layers to freeze") as error:
        check_bow(settings(), "all", binary)
    assert error.value.where == "train.freeze_layers"
    adapted = settings().model_copy(update={"lora": LoraSettings()})
    with pytest.raises(EncoderError, match="no layers for adapters"):
        check_bow(adapted, 0, binary)


def test_layers_that_a_tuned_setting_asks_for_are_refused_too(source: EncoderSource) -> None:
    with pytest.raises(EncoderError, match="has no layers"):
        freeze(model(source), 1)


def test_its_settings_are_in_a_record_only_if_they_differ() -> None:
    assert "bow" not in EncoderSettings(name="minilm").model_dump()
    assert settings().model_dump()["bow"]["hidden_size"] == 4


def test_it_learns_words() -> None:
    corpus, own = toy_corpus(), settings(hidden_size=8)
    source = bow_source(own, {"toy": corpus.texts()})
    network = toy_network(source, encoder=own)
    data = toy_data([corpus], source)
    trained = train(network, data, toy_settings(epochs=40, learning_rate=0.05), seed=0)
    losses = [
        point.value
        for point in trained.curves
        if (point.part, point.name, point.metric) == ("train", "model", "loss")
    ]
    assert losses[-1] < 0.6 * losses[0]


def test_a_study_keeps_it_and_predicts_with_it_as_it_did_in_the_study(tmp_path: Path) -> None:
    first = small_source(write_csv(tmp_path / "a.csv"))
    renamed = {f"{label} (b)": label for label in LABELS}
    second = first | {"path": str(write_csv(tmp_path / "b.csv", rows=60)), "labels": renamed}
    train_settings = {"epochs": 2, "learning_rate": 0.05, "precision": "fp32"}
    config = small_config(
        tmp_path,
        data={"a": first, "b": second},
        encoder={"name": "bow", "bow": {"hidden_size": 8}},
        train=train_settings,
        plans=["mtl"],
    )
    store = Store(tmp_path / "runs")
    study = Study(parse_config(config), store, tmp_path, watcher=Counter())
    study.run()
    corpus = study.plan()[0].inputs.corpora["a"]
    (cell,) = load_outcome(store, "small")["mtl"].cells
    test = cell_predictions(store, cell.cell)["test"].tasks["edema"]
    texts = [corpus.texts()[list(corpus.ids).index(own)] for own in test.ids]
    decided = load_predictor(store, "small", "mtl", ["edema"])(texts)
    assert np.allclose(decided.tasks["edema"].scores, test.scores, atol=1e-6)


def test_a_study_is_told_what_a_bag_cannot_do(tmp_path: Path) -> None:
    config = small_config(
        tmp_path, encoder={"name": "bow"}, train={"epochs": 1, "freeze_layers": 1}
    )
    with pytest.raises(MtlvError, match="no layers to freeze"):
        Study(parse_config(config), Store(tmp_path / "runs"), tmp_path).plan()


def test_it_cannot_be_pretrained(tmp_path: Path) -> None:
    config = small_config(
        tmp_path,
        encoder={"name": "bow"},
        plans=[{"mtl": {"starts_from": "pretrain"}}],
        stages={"pretrain": {"epochs": 1}},
    )
    with pytest.raises(MtlvError, match="cannot be pretrained"):
        Study(parse_config(config), Store(tmp_path / "runs"), tmp_path).plan()
