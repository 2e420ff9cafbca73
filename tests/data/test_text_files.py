import codecs
import json

import pytest

from mtlv.data.tables import TableOptions
from mtlv.data.text_files import open_csv, open_json_lines, open_tsv
from mtlv.errors import DataError

NAMES = {open_csv: "data.csv", open_tsv: "data.tsv", open_json_lines: "data.jsonl"}


def rows(folder, content: str | bytes, reader=open_csv, **options) -> list[dict]:
    path = folder / NAMES[reader]
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [dict(row.values) for row in reader(path, TableOptions(**options)).rows([])]


def refused(folder, content: str | bytes, reader=open_csv, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        rows(folder, content, reader, **options)
    return caught.value


def test_quotes_line_breaks_and_line_ends(tmp_path):
    content = 'text,n\r\n"a, ""b""\nc",1\r\n\r\nd,2\r\n'
    assert rows(tmp_path, content) == [{"text": 'a, "b"\nc', "n": "1"}, {"text": "d", "n": "2"}]


def test_rows_know_the_line_where_they_start_and_can_be_read_again(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('text\n"a\nb"\n\nc\n')
    table = open_csv(path, TableOptions())
    for _ in range(2):
        found = [(row.number, row.where) for row in table.rows([])]
        assert found == [(1, f"{path}, line 2"), (2, f"{path}, line 5")]


@pytest.mark.parametrize("reader", [open_csv, open_json_lines])
def test_a_byte_order_mark_is_accepted(tmp_path, reader):
    content = "text\nx\n" if reader is open_csv else '{"text": "x"}\n'
    assert rows(tmp_path, codecs.BOM_UTF8 + content.encode(), reader) == [{"text": "x"}]


def test_names_of_columns_lose_the_space_around_them(tmp_path):
    assert rows(tmp_path, "text, n\nx,1\n") == [{"text": "x", "n": "1"}]


def test_other_delimiters_encodings_and_no_quotes(tmp_path):
    assert rows(tmp_path, "a;b\nx;1\n", delimiter=";") == [{"a": "x", "b": "1"}]
    latin = "text\nföhn\n".encode("latin-1")
    assert rows(tmp_path, latin, encoding="latin-1") == [{"text": "föhn"}]
    wide = "text\nföhn\n".encode("utf-16")
    assert rows(tmp_path, wide, encoding="utf-16") == [{"text": "föhn"}]
    content = 'a\tb\n"open\t1\n'
    assert rows(tmp_path, content, open_tsv, quotes=False) == [{"a": '"open', "b": "1"}]


def test_long_fields_are_read(tmp_path):
    long = "word " * 100_000
    assert rows(tmp_path, f"text\n{long}\n") == [{"text": long}]


@pytest.mark.parametrize(
    "content", ['text,n\nx,1\n"never closed,2\ny,3\n', 'text,n\nx,1\n"a"b,2\n']
)
def test_a_broken_quote_names_the_line_where_its_record_starts(tmp_path, content):
    error = refused(tmp_path, content)
    assert "quoted field" in error.what
    assert error.where == f"{tmp_path / 'data.csv'}, line 3"
    assert "doubled" in error.expected
    assert "quotes: false" in error.hint


def test_a_quote_that_swallows_much_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr("mtlv.data.text_files.LONGEST_FIELD", 200_000)
    error = refused(tmp_path, 'text\n"' + "word\n" * 4_000_000)
    assert "quoted field" in error.what
    assert error.where.endswith("line 2")


@pytest.mark.parametrize(
    ("row", "what", "found"),
    [
        ("x,1,9", "too many", "3 fields, the last one '9'"),
        ("x", "too few", "1 fields, the last one 'x'"),
    ],
)
def test_ragged_rows(tmp_path, row, what, found):
    error = refused(tmp_path, f"text,n\na,0\n{row}\n")
    assert what in error.what
    assert error.where == f"{tmp_path / 'data.csv'}, line 3"
    assert error.found == found
    assert error.expected == "2 fields, as in the header"
    assert "double quotes" in error.hint


def test_another_delimiter_is_noticed(tmp_path):
    error = refused(tmp_path, "text;n\nx;1\n")
    assert error.expected == "columns separated by ','"
    assert error.hint == 'set `delimiter: ";"`'
    assert refused(tmp_path, "text,n\n", open_tsv).hint == 'set `delimiter: ","`'


def test_a_wrong_encoding_names_line_and_another_encoding(tmp_path):
    error = refused(tmp_path, "text\nfine\nföhn\n".encode("latin-1"))
    assert error.what == "The file is not in the encoding utf-8."
    assert error.where == f"{tmp_path / 'data.csv'}, line 3"
    assert "latin-1" in error.hint
    assert "cp1252" in error.hint


def test_a_wrong_encoding_far_into_the_file_is_found(tmp_path):
    lines = [f"row {i}" for i in range(50_000)]
    lines[40_000] = "föhn"
    error = refused(tmp_path, ("text\n" + "\n".join(lines)).encode("cp1252"))
    assert error.where.endswith("line 40002")


def test_text_that_is_not_ascii(tmp_path):
    error = refused(tmp_path, "text\nföhn\n", encoding="ascii")
    assert error.where.endswith("line 2")
    assert "encoding: utf-8" in error.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_sixteen_bit_text_is_recognised(tmp_path, encoding):
    error = refused(tmp_path, "text\nfine\n".encode(encoding))
    assert error.hint == f"set `encoding: {encoding}`"
    assert rows(tmp_path, "text\nfine\n".encode(encoding), encoding=encoding) == [{"text": "fine"}]


def test_eight_bit_text_read_as_sixteen_bit(tmp_path):
    error = refused(tmp_path, "text\nfine\n", encoding="utf-16")
    assert error.what == "The file is not in the encoding utf-16."
    assert error.where == str(tmp_path / "data.csv")


@pytest.mark.parametrize(
    ("head", "kind"), [(b"PAR1", "Parquet"), (b"PK\x03\x04", "Excel"), (b"\x1f\x8b", "gzip")]
)
def test_files_that_are_no_text_are_recognised(tmp_path, head, kind):
    error = refused(tmp_path, head + b"\x00\x01")
    assert kind in error.found
    assert error.hint


@pytest.mark.parametrize("reader", list(NAMES))
@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_files(tmp_path, reader, content):
    error = refused(tmp_path, content, reader)
    assert error.what == "The file is empty."
    assert error.where == str(tmp_path / NAMES[reader])
    assert error.expected


def test_json_lines_know_all_keys_of_all_lines(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2, "b": null}\n')
    table = open_json_lines(path, TableOptions())
    assert table.columns == ("a", "b")
    assert [row.where for row in table.rows([])] == [f"{path}, line 1", f"{path}, line 3"]


@pytest.mark.parametrize("line", ['{"a": 1', "{'a': 1}", "a"])
def test_lines_that_are_no_json(tmp_path, line):
    error = refused(tmp_path, '{"a": 0}\n' + line + "\n", open_json_lines)
    assert error.what == "A line is not valid JSON."
    assert error.where == f"{tmp_path / 'data.jsonl'}, line 2"
    assert repr(line) in error.found
    assert error.expected == "one JSON object per line"


def test_lines_that_are_no_object_and_whole_arrays(tmp_path):
    error = refused(tmp_path, "[1]\n", open_json_lines)
    assert error.what == "A line is not a JSON object."
    assert error.where.endswith("line 1")
    error = refused(tmp_path, json.dumps([{"a": 1}], indent=1), open_json_lines)
    assert "JSON array" in error.hint
