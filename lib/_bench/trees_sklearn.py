"""The jobs of `trees_bench.ts` in scikit-learn, one a line on standard input: JOB FOLDER.

Prints a line of JSON for each: seconds of `fit`, seconds of processor time, R² on the test rows.
"""

import json
import sys
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.metrics import r2_score


def rows(folder, columns):
    x, y, test_x, test_y = (np.fromfile(f"{folder}/{name}.f64", "<f8") for name in ("x", "y", "test_x", "test_y"))
    return x.reshape(-1, columns), y, test_x.reshape(-1, columns), test_y


def model(job):
    if job == "forest":
        return RandomForestRegressor(100, n_jobs=2, random_state=1)
    return HistGradientBoostingRegressor(
        max_iter=200, max_depth=6, max_leaf_nodes=None, learning_rate=0.1, early_stopping=False
    )


for line in sys.stdin:
    job, folder, columns = line.split()
    x, y, test_x, test_y = rows(folder, int(columns))
    start, processor = time.perf_counter(), time.process_time()
    fitted = model(job).fit(x, y)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    score = r2_score(test_y, fitted.predict(test_x))
    print(json.dumps({"seconds": seconds, "processor_seconds": processor, "r2": score}), flush=True)
