"""Digests of every field of Petastorm's legacy datasets, as Petastorm itself reads them: petastorm_legacy.json.

Needs petastorm 0.13.1, pyarrow 12, numpy 1.24, opencv-python-headless. Usage: petastorm_legacy.py FOLDER > FILE
"""
import hashlib
import json
import sys

import numpy as np
import pyspark.serializers
from petastorm import make_reader
from petastorm.unischema import UnischemaField

# What pyspark 2 called when it unpickled a namedtuple.
pyspark.serializers._restore = lambda name, fields, value: UnischemaField(**dict(zip(fields, value)))


def text(value):
    if value is None:
        return "null"
    if isinstance(value, np.ndarray):
        shape = ",".join(map(str, value.shape))
        if value.dtype.kind in "uif":
            return f"{shape}:{hashlib.md5(np.ascontiguousarray(value).tobytes()).hexdigest()}"
        items = [x if isinstance(x, bytes) else str(x).encode() for x in value.ravel().tolist()]
        return f"{shape}:{','.join(item.hex() for item in items)}"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)):
        return repr(float(value)).removesuffix(".0")
    return str(value)


digests = {}
for version in ["0.4.0", "0.7.6"]:
    with make_reader(f"file://{sys.argv[1]}/{version}", reader_pool_type="dummy") as reader:
        rows = sorted((row._asdict() for row in reader), key=lambda row: int(row["id"]))
    digests[version] = {
        field: hashlib.md5("\n".join(text(row[field]) for row in rows).encode()).hexdigest() for field in sorted(rows[0])
    }
print(json.dumps(digests, indent=2))
