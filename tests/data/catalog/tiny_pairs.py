"""Tiny datasets of pairs, documents and sentiment, written in the official forms. All made up."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mtlv.data.catalog.hoc import LABELS

PAIRS = (
    # first sentence, second sentence, similarity, class
    ('The "old" dog sleeps.', "A dog is asleep.", 4.2, "entailment"),
    ("Nobody is running.", "A man runs.", 1.4, "contradiction"),
    ("A pan is hot.", "It is on the stove.", 2.8, "neutral"),
    ('"Quiet', "A cat sits on a mat.", 3.0, "neutral"),
)
PARTS = ("train", "dev", "test")
BENCHMARK_HEADER = ("index", "genre", "filename", "year", "old_index", "source1", "source2")
BENCHMARK_HEADER += ("sentence1", "sentence2", "score")


def write_lines(path: Path, lines: Iterable[str], ending: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + ending for line in lines).encode())
    return path


def write_tsv(path: Path, rows: Iterable[Sequence[object]], ending: str = "\n") -> Path:
    return write_lines(path, ("\t".join(map(str, row)) for row in rows), ending)


def similarity_rows() -> list[list[object]]:
    """The plain layout of BLUE."""
    rows = [[index, first, second, score] for index, (first, second, score, _) in enumerate(PAIRS)]
    return [["index", "sentence1", "sentence2", "score"], *rows]


def benchmark_rows(names: Sequence[str] = BENCHMARK_HEADER) -> list[list[object]]:
    """The layout of BLUE with ten columns, as GLUE has it."""
    rows = [
        [index, "g", "f", 1997, index + 7, "s", "s", first, second, score]
        for index, (first, second, score, _) in enumerate(PAIRS)
    ]
    return [list(names), *rows]


def write_similarity(folder: Path, rows: Sequence[Sequence[object]] | None = None) -> Path:
    for part in PARTS:
        write_tsv(folder / f"{part}.tsv", rows or similarity_rows())
    return folder


def write_clinicalsts(folder: Path) -> Path:
    """The authors' form: no header, and the scores of the test part in a file of their own."""
    rows = [[first, f" {second}", f"{score} "] for first, second, score, _ in PAIRS]
    write_tsv(folder / "clinicalSTS.train.txt", rows)
    write_tsv(folder / "clinicalSTS.test.txt", [row[:2] for row in rows])
    write_tsv(folder / "clinicalSTS.test.gs.sim.txt", [row[2:] for row in rows])
    return folder


def write_stsb(folder: Path) -> Path:
    """The authors' form: no header, and sources in some lines only."""
    for part in PARTS:
        rows = [
            ["main-news", "MSRpar", "2012test", f"{index:04}", f"{score:.3f}", first, second]
            + (["http://a", "http://b"] if index else [])
            for index, (first, second, score, _) in enumerate(PAIRS)
        ]
        write_tsv(folder / f"sts-{part}.csv", rows)
    return folder


def write_biosses(folder: Path) -> Path:
    header = ["id", "sentence1", "sentence2", *"ABCDE", "mean"]
    scores = ((4, 4, 4, 3, 4), (0, 0, 1, 0, 0), (2, 3, 2, 2, 2), (4, 4, 4, 4, 4))
    rows = [
        [number, first, second, *own, sum(own) / 5]
        for number, ((first, second, _, _), own) in enumerate(zip(PAIRS, scores, strict=True), 1)
    ]
    write_tsv(folder / "biosses_derived.tsv", [header, *rows])
    return folder


def write_mednli(folder: Path) -> Path:
    for part in PARTS:
        rows = [
            {
                "gold_label": label,
                "pairID": f"{part}-{index}",
                "sentence1": first,
                "sentence1_parse": "(ROOT)",
                "sentence2": second,
            }
            for index, (first, second, _, label) in enumerate(PAIRS)
        ]
        write_lines(folder / f"mli_{part}_v1.jsonl", map(json.dumps, rows))
    return folder


def write_sick(folder: Path) -> Path:
    header = ["pair_ID", "sentence_A", "sentence_B", "relatedness_score", "entailment_judgment"]
    names = ("SICK_train.txt", "SICK_trial.txt", "SICK_test_annotated.txt")
    for start, name in enumerate(names):
        rows = [
            [start * 10 + index, first, second, score, label.upper()]
            for index, (first, second, score, label) in enumerate(PAIRS)
        ]
        write_tsv(folder / name, [header, *rows], "\r\n" if "test" in name else "\n")
    return folder


def rqe_xml(pairs: Iterable[tuple[str, str, str, str]]) -> str:
    """Pairs of (pid, value, chq, faq)."""
    own = [
        f'<pair pid="{pid}" value="{value}">\n<chq>\n   {chq}\n</chq>\n<faq>{faq}</faq>\n</pair>'
        for pid, value, chq, faq in pairs
    ]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<Set>\n' + "\n".join(own) + "\n</Set>"


RQE_FILES = {
    "train": "MEDIQA2019-Task2-RQE-TrainingSet-AMIA2016.xml",
    "validation": "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",
    "test": "MEDIQA2019-Task2-RQE-TestSet-wLabels.xml",
}
QUESTIONS = (
    ("1", "true", "My eye hurts &amp; is red. What can I do?", "How is red eye treated?"),
    ("2", "false", "What is gout?", "Is gout inherited?"),
)


def write_rqe(folder: Path) -> Path:
    one_sided = ("5860", "true", "How aggressive should I get?", "\n   \n")
    for part, name in RQE_FILES.items():
        pairs = [*QUESTIONS, one_sided] if part == "train" else QUESTIONS
        write_lines(folder / name, [rqe_xml(pairs)])
    return folder


HALLMARKS = (
    # document, sentence of the document, text, labels
    *(
        (100 + index // 2, index % 2, f"A sentence on {name}.", (name, LABELS[0])[: 1 + index % 2])
        for index, name in enumerate(LABELS)
    ),
    (105, 0, "Nothing to say.", ()),
)


def write_hoc(folder: Path) -> Path:
    rows = [
        [f"{document}_s{number}", text, ",".join(sorted(set(labels)))]
        for document, number, text, labels in HALLMARKS
    ]
    for step, part in enumerate(PARTS):
        own = [[f"{step}{row[0]}", *row[1:]] for row in rows]
        write_tsv(folder / f"{part}.tsv", [["index", "sentence1", "sentence2", "label"], *own])
    return folder


def write_hoc_documents(folder: Path) -> Path:
    """The authors' form, with BLUE's lists of documents."""
    texts: dict[str, list[str]] = {}
    for step, part in enumerate(PARTS):
        for document, _, text, labels in HALLMARKS:
            line = f"{text}\t{sorted(set(labels))}"
            texts.setdefault(f"{step}{document}", []).append(line)
        own = [name for name in texts if name.startswith(str(step))]
        write_lines(folder / f"{part}_docid.txt", own)
    for name, lines in texts.items():
        write_lines(folder / "HoCCorpus" / f"{name}.txt", lines)
    return folder


SENTENCES = (
    ('"Fine, she said.  ', 1),
    ("Too\x85 long and dull\u2028 at the end", 0),
    ("a\ttab", 0),
    ("It works 10/10", 1),
)
SENTIMENT_FILES = ("imdb_labelled.txt", "yelp_labelled.txt", "amazon_cells_labelled.txt")


def write_sentiment(folder: Path) -> Path:
    for name in SENTIMENT_FILES:
        write_tsv(folder / name, SENTENCES)
    return folder


REVIEWS: Mapping[str, str] = {
    "train/pos/0_9.txt": "A joy.<br /><br />See it!",
    "train/pos/10_8.txt": "Better than most.",
    "train/pos/2_7.txt": "Not bad at all.",
    "train/neg/0_3.txt": "A bore.",
    "train/unsup/0_0.txt": "No label.",
    "test/pos/0_10.txt": "Great.",
    "test/neg/0_1.txt": "Awful.",
    "train/urls_pos.txt": "http://a",
    "imdb.vocab": "the",
}


def write_aclimdb(folder: Path) -> Path:
    for name, text in REVIEWS.items():
        write_lines(folder / name, [text])
    return folder


def write_yelp(path: Path) -> Path:
    stars = (1.0, 2.0, 3.0, 4.0, 5.0)
    rows = [
        {"review_id": f"r{index}", "stars": own, "text": f"{own:g} stars,\nor so."}
        for index, own in enumerate(stars)
    ]
    return write_lines(path, map(json.dumps, rows))


def write_all(root: Path) -> Path:
    """Every dataset of this module, where its catalog entry looks for it in a data folder."""
    write_similarity(root / "clinicalsts")
    write_similarity(root / "sts-b", benchmark_rows())
    write_biosses(root / "biosses")
    write_mednli(root / "mednli")
    write_sick(root / "sick2014")
    write_rqe(root / "mediqa2019_rqe")
    write_hoc(root / "hoc")
    write_sentiment(root / "sentiment_labelled_sentences")
    write_aclimdb(root / "aclImdb")
    write_yelp(root / "yelp" / "yelp_academic_dataset_review.json")
    return root
