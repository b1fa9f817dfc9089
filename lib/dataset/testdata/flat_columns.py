"""Writes flat_columns_{snappy,plain}.parquet with pyarrow, and what pyarrow reads from them: flat_columns.json.

python flat_columns.py (pyarrow 11)
"""
import hashlib
import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1200
here = pathlib.Path(__file__).parent
random = np.random.default_rng(1)
row = np.arange(ROWS)


def column(values, type, null=None):
    return pa.array(values, mask=null, type=type)


some = random.random(ROWS) < 0.1
runs = (row // 300) % 2 == 1
columns = {
    "minute": column(1_400_000_000 + 60 * row, pa.int64()),
    "stamp": column(1_400_000_000_123 + 60_000 * row, pa.timestamp("ms", tz="UTC"), some),
    "local": column(row * 1000 - 10**15, pa.timestamp("us")),
    "small": column(row % 7 - 3, pa.int32()),
    "unsigned": column(4_294_967_295 - row, pa.uint32(), runs),
    "big": column(np.uint64(2**64 - 1) - row.astype("uint64"), pa.uint64()),
    "price": column((100 + random.standard_normal(ROWS)).astype("float32"), pa.float32()),
    "rounded": column(np.round(random.standard_normal(ROWS), 1), pa.float64(), some | runs),
    "constant": column(np.full(ROWS, 0.5), pa.float64()),
    "nothing": column(np.zeros(ROWS, "int64"), pa.int64(), np.full(ROWS, True)),
    "day": column((row // 24).astype("int32"), pa.date32()),
    "clock": column(row * 1_000_000, pa.time64("us"), row % 2 == 0),
}
required = {"minute", "big", "constant"}
schema = pa.schema([pa.field(name, array.type, name not in required) for name, array in columns.items()])
table = pa.table(list(columns.values()), schema=schema)
pq.write_table(table, here / "flat_columns_snappy.parquet", data_page_size=2000, write_batch_size=100, store_schema=False)
pq.write_table(
    table, here / "flat_columns_plain.parquet", compression="none", use_dictionary=False, data_page_size=5000,
    write_batch_size=100, store_schema=False,
)


def digest(array):
    """Of the values' bytes, nulls being zeros, and of a byte a row that says whether a value is there."""
    valid = np.array(array.is_valid())
    width = array.type.bit_width // 8
    (chunk,) = array.chunks
    raw = np.frombuffer(chunk.buffers()[1], f"u{width}", ROWS).copy()
    raw[~valid] = 0
    return hashlib.sha256(raw.tobytes() + valid.astype("u1").tobytes()).hexdigest()


found = {}
for name in ("snappy", "plain"):
    read = pq.read_table(here / f"flat_columns_{name}.parquet")
    found[name] = {field: {"nulls": read[field].null_count, "sha256": digest(read[field])} for field in columns}
(here / "flat_columns.json").write_text(json.dumps({"rows": ROWS, "files": found}, indent=2) + "\n")
