"""Peers of dataset_bench.ts: dataset_petastorm.py pyarrow|batches|rows FOLDER [ROWS]."""
import glob
import json
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
mode, folder = sys.argv[1], sys.argv[2]
limit = int(sys.argv[3]) if len(sys.argv) > 3 else None


def pyarrow_columns():
    import pyarrow.parquet as pq

    rows = 0
    for path in sorted(glob.glob(f"{folder}/part-*.parquet")):
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            rows += file.read_row_group(group, columns=["timestamp", "price"]).num_rows
    return rows


def petastorm_batches():
    from petastorm import make_batch_reader

    with make_batch_reader(f"file://{folder}", shuffle_row_groups=False, workers_count=2) as reader:
        return sum(len(batch.timestamp) for batch in reader)


def petastorm_rows():
    from petastorm import make_reader

    rows = 0
    with make_reader(f"file://{folder}", shuffle_row_groups=False, workers_count=2) as reader:
        for _ in reader:
            rows += 1
            if rows == limit:
                break
    return rows


read = {"pyarrow": pyarrow_columns, "batches": petastorm_batches, "rows": petastorm_rows}[mode]
if mode != "rows":
    read()
began = time.perf_counter()
rows = read()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mib": peak}))
