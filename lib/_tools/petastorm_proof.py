"""Reads a dataset with Petastorm and pyarrow, and prints what they find as JSON: see petastorm_proof.ts."""
import json
import struct
import sys
import warnings
from decimal import Decimal

warnings.simplefilter("ignore")

import numpy as np
import pyarrow
import pyarrow.dataset
import pyarrow.parquet as pq
import petastorm
from petastorm import make_batch_reader, make_reader


def plain(value):
    """A value in words that do not depend on the language."""
    if value is None or value is getattr(np, "NaT", None):
        return None
    if isinstance(value, np.ndarray):
        kind = {"U": "str", "S": "bytes"}.get(value.dtype.kind, str(value.dtype))
        return {"dtype": kind, "shape": list(value.shape), "data": [plain(item) for item in value.flatten()]}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return "f" + struct.pack("<d", float(value)).hex() if value == value else "nan"
    if isinstance(value, np.datetime64):
        return "t" + str(int(value.astype("datetime64[us]").astype("int64")))
    if hasattr(value, "timestamp"):
        return plain(np.datetime64(value.replace(tzinfo=None)))
    if isinstance(value, bytes):
        return "b" + bytes(value).hex()
    return str(value)


def rows_of(url):
    with make_reader(url, reader_pool_type="dummy", shuffle_row_groups=False) as reader:
        return [{name: plain(getattr(row, name)) for name in row._fields} for row in reader]


def columns_of(url):
    columns = {}
    with make_batch_reader(url, reader_pool_type="dummy", shuffle_row_groups=False) as reader:
        for batch in reader:
            for name in batch._fields:
                columns.setdefault(name, []).extend(plain(item) for item in np.asarray(getattr(batch, name), dtype=None))
    return columns


def facts_of(statistics):
    try:
        return statistics and repr(statistics.to_dict())
    except pyarrow.ArrowNotImplementedError:  # Old versions do not know the bounds of decimals.
        return (statistics.null_count, statistics.num_values)


def summary_of(folder):
    metadata = pq.read_metadata(folder + "/_metadata")
    seen = {}
    same = True
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        path = group.column(0).file_path
        ordinal = seen.get(path, 0)
        seen[path] = ordinal + 1
        own = pq.ParquetFile(folder + "/" + path).metadata.row_group(ordinal)
        for c in range(group.num_columns):
            mine, theirs = group.column(c), own.column(c)
            for fact in ("num_values", "total_compressed_size", "data_page_offset", "dictionary_page_offset", "path_in_schema"):
                same = same and getattr(mine, fact) == getattr(theirs, fact)
            same = same and facts_of(mine.statistics) == facts_of(theirs.statistics)
    listed = pyarrow.dataset.parquet_dataset(folder + "/_metadata", partitioning="hive")
    return {
        "rows": metadata.num_rows,
        "row_groups_of_files": seen,
        "same_as_in_parts": same,
        "rows_listed": listed.to_table().num_rows,
        "rows_in_folder": pq.read_table(folder).num_rows,
        "keys": sorted(key.decode() for key in pq.read_metadata(folder + "/_common_metadata").metadata),
    }


versions = {name: module.__version__ for name, module in (("petastorm", petastorm), ("pyarrow", pyarrow), ("numpy", np))}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    folder = line.rstrip("\n")
    try:
        found = {"rows": rows_of("file://" + folder), "columns": columns_of("file://" + folder), "summary": summary_of(folder)}
    except Exception as error:  # What Petastorm cannot read is a finding, not the end.
        found = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(found), flush=True)
