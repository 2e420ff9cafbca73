import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtlv.data.columnar import open_huggingface, open_parquet
from mtlv.data.sources import FileSource, read_source
from mtlv.data.tables import TableOptions
from mtlv.errors import DataError

datasets = pytest.importorskip("datasets")

TOPICS = datasets.Features(
    {
        "text": datasets.Value("string"),
        "topics": datasets.List(datasets.ClassLabel(names=["sport", "news"])),
        "good": datasets.ClassLabel(names=["no", "yes"]),
    }
)
TRAIN = [
    {"text": "a", "topics": [0, 1], "good": 1},
    {"text": "b", "topics": [], "good": 0},
    {"text": "c", "topics": [1], "good": -1},
]
TEST = [{"text": "d", "topics": [0], "good": 0}]


@pytest.fixture
def saved(tmp_path):
    both = datasets.DatasetDict(
        train=datasets.Dataset.from_list(TRAIN, features=TOPICS),
        test=datasets.Dataset.from_list(TEST, features=TOPICS),
    )
    both.save_to_disk(str(tmp_path / "saved"))
    return tmp_path / "saved"


@pytest.fixture
def own_datasets_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))


def read(path, **fields):
    return read_source("toy", FileSource(path=str(path), text="text", **fields), path.parent)


def refused(location, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        open_huggingface(str(location), TableOptions(**options))
    return caught.value


def test_splits_become_official_parts(saved):
    corpus = read(saved, labels=["good"])
    assert corpus.texts() == ["a", "b", "c", "d"]
    assert corpus.parts.tolist() == ["train", "train", "train", "test"]
    assert corpus.ids.tolist() == ["1", "2", "3", "4"]


def test_one_split_has_no_parts(saved):
    corpus = read(saved, labels=["good"], split="train")
    assert corpus.parts is None
    assert len(corpus) == 3


def test_classes_become_names_and_minus_one_is_missing(saved):
    corpus = read(saved, labels={"column": "topics"})
    assert corpus.target_names == ("news", "sport")
    assert corpus.matrix().tolist() == [[1, 1], [0, 0], [1, 0], [0, 1]]
    assert str(read(saved, labels=["good"]).values("good").tolist()) == "[1.0, 0.0, nan, 0.0]"
    assert read(saved, labels={"column": "good"}).target_names == ("no", "yes")


def test_rows_say_split_and_row(saved):
    table = open_huggingface(str(saved), TableOptions())
    assert [row.where for row in table.rows(["text"])][3] == f"{saved}, split 'test', row 1"


@pytest.mark.usefixtures("own_datasets_cache")
def test_a_folder_of_csv_files_is_loaded(tmp_path):
    folder = tmp_path / "csvs"
    folder.mkdir()
    (folder / "train.csv").write_text("text,good\na,1\nb,0\n")
    (folder / "test.csv").write_text("text,good\nc,1\n")
    corpus = read(folder, labels=["good"])
    assert sorted(zip(corpus.texts(), corpus.parts, strict=True)) == [
        ("a", "train"),
        ("b", "train"),
        ("c", "test"),
    ]


def test_an_unknown_split(saved):
    error = refused(saved, split="tset")
    assert error.what == "The dataset has no split 'tset'."
    assert error.where == str(saved)
    assert error.found == "train, test"
    assert "did you mean 'test'?" in error.hint


def test_a_split_of_a_dataset_without_splits(tmp_path):
    datasets.Dataset.from_list(TRAIN).save_to_disk(str(tmp_path / "one"))
    assert refused(tmp_path / "one", split="train").hint == "leave `split` out"


def test_splits_that_are_no_parts(tmp_path):
    one = datasets.Dataset.from_list(TRAIN)
    datasets.DatasetDict(train=one, unlabelled=one).save_to_disk(str(tmp_path / "odd"))
    error = refused(tmp_path / "odd")
    assert "'unlabelled'" in error.what
    assert error.expected == "train, validation, test"
    assert "`split`" in error.hint


def test_a_hub_name_while_offline_says_what_to_do(tmp_path):
    with pytest.raises(DataError) as caught:
        read_source("toy", FileSource(path="nobody/none", text="t", labels=["l"]), tmp_path)
    error = caught.value
    assert error.what == "The Hugging Face dataset cannot be loaded."
    assert error.where == "nobody/none"
    assert "nobody/none" in error.found
    assert "save_to_disk" in error.hint
    assert "HF_HUB_OFFLINE" in error.hint


@pytest.mark.usefixtures("own_datasets_cache")
def test_a_folder_without_data(tmp_path):
    (tmp_path / "nothing").mkdir()
    error = refused(tmp_path / "nothing")
    assert error.where == str(tmp_path / "nothing")
    assert "CSV, JSON or Parquet" in error.hint


def test_parquet_rows_come_in_batches_with_only_the_columns_asked_for(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": range(2500), "b": range(2500), "c.d": range(2500)}), path)
    table = open_parquet(path, TableOptions())
    assert table.columns == ("a", "b", "c.d")
    rows = list(table.rows(["a", "c.d"]))
    assert rows[2400].values == {"a": 2400, "c.d": 2400}
    assert rows[2400].where == f"{path}, row 2401"


@pytest.mark.parametrize("content", [b"", b"text,good\nx,1\n", b"PAR1 nothing PAR1"])
def test_files_that_are_no_parquet(tmp_path, content):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_parquet(path, TableOptions())
    assert caught.value.what == "The file is not a Parquet file, or it is damaged."
    assert caught.value.where == str(path)
    assert caught.value.found
    assert "`format`" in caught.value.hint


def test_parquet_damaged_in_the_middle(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": [f"text {i}" for i in range(5000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        list(open_parquet(path, TableOptions()).rows(["text"]))
