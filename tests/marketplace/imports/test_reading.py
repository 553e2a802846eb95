"""What comes as bytes: packed, in other encodings, torn, or no table at all."""

import gzip

import pytest

from marketplace.imports import columns, vocabulary
from marketplace.imports.reading import LARGEST_UPLOAD, Row, read
from portal.core.errors import Refused

TABLE = "source,name\nzoo,ärger\n"


def cells(content: bytes) -> list[tuple]:
    return [row.cells for row in read(content).rows()]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (TABLE.encode(), "UTF-8."),
        (TABLE.encode("utf-8-sig"), "UTF-8."),
        (TABLE.encode("utf-16"), "UTF-16."),
        (TABLE.encode("utf-16-le"), "UTF-16 without a mark"),
        (TABLE.encode("utf-16-be"), "UTF-16 without a mark"),
        (TABLE.encode("cp1252"), "Windows-1252, because byte 0xe4 on line 2"),
        (TABLE.encode("latin-1") + b"zoo,\x81\n", "Latin-1"),
        (gzip.compress(TABLE.encode(), mtime=0), "Unpacked with gzip"),
        (TABLE.replace(",", ";").encode(), "separated by semicolons"),
        (TABLE.replace(",", "\t").encode(), "separated by tabs"),
        (TABLE.replace("\n", "\r\n").encode(), "UTF-8."),
        (TABLE.replace("\n", "\r").encode(), "UTF-8."),
    ],
)
def test_it_says_how_bytes_became_text(content, word):
    sheet = read(content)
    assert word in " ".join(sheet.told) and sheet.header == ("source", "name")
    assert next(sheet.rows()).cells == ("zoo", "ärger")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n ,,\n", "empty"),
        (b"PK\x03\x04rest", "save the sheet as CSV"),
        (b"\x1f\x8bnot gzip", "damaged"),
        (gzip.compress(b"a,b\n" * 99, mtime=0)[:-9], "damaged"),
        (b"\xff\xfea,b\n1", "UTF-16, and is not"),
        (b"name,name\n1,2\n", "more than once"),
        (b'name,"open\n1,2\n', "no header"),
        (b"a," * 300 + b"\n", "columns"),
        (b"x" * (LARGEST_UPLOAD + 1), "larger than 16 MB"),
        (gzip.compress(b"a,b\n" + b"x" * (64 * 2**20), mtime=0), "Unpacked, the file is larger"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content, why):
    with pytest.raises(Refused) as refused:
        list(read(content).rows())
    assert why in refused.value.detail


def test_every_line_is_a_row_or_says_why_not():
    text = b'a,b\n1,2\n\n3,"x\ny"\n4\n5,6,7\na,b\n"open,1\n2,3\n"q"z,1\n8,9\n,\n'
    rows = list(read(text).rows())
    assert [row.line for row in rows] == [2, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert [row.place for row in rows] == list(range(1, 11))
    assert rows[1].cells == ("3", "x\ny")
    wrong = {row.line: row.wrong for row in rows if row.wrong}
    assert wrong == {
        6: "The row has 1 cells, the header has 2.",
        7: "The row has 3 cells, the header has 2.",
        8: "This is the header again.",
        9: "A quote on this line does not close.",
        11: "A quote is in the middle of a cell. Double it, and put the cell into quotes.",
    }


def test_a_file_of_open_quotes_ends_soon():
    text = b"a,b\n" + b'"' + b"x\ny\n" * 20_000 + b'"z\n' * 20_000
    with pytest.raises(Refused, match="quotes do not close"):
        list(read(text).rows())


def test_a_long_cell_is_read_whole():
    assert cells(b"a,b\n1," + b"x" * 1_048_576) == [("1", "x" * 1_048_576)]


def test_the_header_proposes_each_field_once():
    told = columns.propose(["Model Name", "LICENSE", "params_m", "licence", "colour"])
    expected = ["name", "licence", "parameters", "fact", "fact"]
    assert list(told.values()) == expected


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({"gone": "name"}, "no column gone"),
        ({"a": "nonsense"}, "no field nonsense"),
        ({"a": "name", "b": "name"}, "Two columns"),
        ({"a": "task"}, "holds the name"),
        ({"a": "name"}, "where these models come from"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping, why):
    with pytest.raises(Refused, match=why):
        columns.check(mapping, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-03-04", "2025-03-04"),
        ("2025-03-04T10:00:00Z", "2025-03-04"),
        ("4.3.2025", "2025-03-04"),
        ("March 4, 2025", "2025-03-04"),
        ("03/04/2025", ""),
        ("2025-13-01", ""),
        ("soon", ""),
    ],
)
def test_dates_are_read_where_they_are_clear(text, day):
    assert vocabulary.day(text) == day


def test_a_row_knows_nothing_by_itself():
    assert Row(1, 2) == Row(1, 2, (), "", "")


@pytest.mark.parametrize(
    "header, expected",
    [
        (["id", "name"], ["key", "name"]),
        (["id", "task"], ["name", "task"]),
        (["name", "id", "key"], ["name", "fact", "key"]),
    ],
)
def test_an_id_is_the_key_beside_a_name_else_the_name(header, expected):
    assert list(columns.propose(header).values()) == expected


@pytest.mark.parametrize(
    "content, why",
    [(b"name,task\n", "no rows"), (b"a,b\n" + bytes(range(256)), "no CSV file")],
)
def test_what_holds_no_rows_of_text_is_refused(content, why):
    with pytest.raises(Refused, match=why):
        read(content)
