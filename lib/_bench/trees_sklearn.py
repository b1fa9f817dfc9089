"""The jobs of `trees_bench.ts` in Python, one a line on standard input: JOB PEER TREES FOLDER COLUMNS.

Prints a line of JSON for each: seconds of `fit`, seconds of processor time, R² on the test rows; null where the peer
is not installed.
"""

import json
import sys
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.metrics import r2_score

try:
    from xgboost import XGBRegressor
except ImportError:
    XGBRegressor = None


def rows(folder, columns):
    x, y, test_x, test_y = (np.fromfile(f"{folder}/{name}.f64", "<f8") for name in ("x", "y", "test_x", "test_y"))
    return x.reshape(-1, columns), y, test_x.reshape(-1, columns), test_y


def model(job, peer, trees):
    if job == "forest":
        return RandomForestRegressor(100, n_jobs=2, random_state=1)
    if job == "large":
        return RandomForestRegressor(
            trees, n_jobs=2, random_state=1, max_features=1 / 3, min_samples_leaf=5
        )
    if peer == "xgboost":
        return XGBRegressor(n_estimators=200, max_depth=6, learning_rate=0.1, tree_method="hist", n_jobs=2)
    return HistGradientBoostingRegressor(
        max_iter=200, max_depth=6, max_leaf_nodes=None, learning_rate=0.1, early_stopping=False
    )


for line in sys.stdin:
    job, peer, trees, folder, columns = line.split()
    if peer == "xgboost" and XGBRegressor is None:
        print("null", flush=True)
        continue
    x, y, test_x, test_y = rows(folder, int(columns))
    start, processor = time.perf_counter(), time.process_time()
    fitted = model(job, peer, int(trees)).fit(x, y)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    score = r2_score(test_y, fitted.predict(test_x))
    print(json.dumps({"seconds": seconds, "processor_seconds": processor, "r2": score}), flush=True)
