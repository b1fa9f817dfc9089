"""Peers of dataset_bench.ts: dataset_petastorm.py pyarrow|batches|rows FOLDER ROWS."""
import glob
import json
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
mode, folder = sys.argv[1], sys.argv[2]
limit = int(sys.argv[3])


# As in dataset_job.ts: so many passes are timed, after one that warms code and caches.
PASSES = 4


def pyarrow_columns():
    import pyarrow.parquet as pq

    for _ in range(1 + PASSES):
        for path in sorted(glob.glob(f"{folder}/part-*.parquet")):
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=["timestamp", "price"]).num_rows


def petastorm_batches():
    from petastorm import make_batch_reader

    with make_batch_reader(
        f"file://{folder}", shuffle_row_groups=False, workers_count=2, num_epochs=1 + PASSES
    ) as reader:
        for batch in reader:
            yield len(batch.timestamp)


def petastorm_rows():
    from petastorm import make_reader

    # Too slow for passes: the first rows, from the moment at which the first one is there.
    with make_reader(f"file://{folder}", shuffle_row_groups=False, workers_count=2) as reader:
        for _ in range(limit + 1):
            next(reader)
            yield 1


read = {"pyarrow": pyarrow_columns, "batches": petastorm_batches, "rows": petastorm_rows}[mode]
warm = 1 if mode == "rows" else limit
rows, seen, began = 0, 0, None
for count in read():
    if began is not None:
        rows += count
    seen += count
    if began is None and seen >= warm:
        began = time.perf_counter()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mib": peak}))
