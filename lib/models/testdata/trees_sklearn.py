"""Writes `trees_sklearn.json`: what scikit-learn says of the trees, forests and boosted trees in the tests.

Run in a scratch environment with scikit-learn: OMP_NUM_THREADS=1 python trees_sklearn.py > trees_sklearn.json
"""

import json
import math

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor


def uniforms(seed):
    """Park and Miller's generator: exact in doubles, so the tests draw the same numbers."""
    while True:
        seed = seed * 48271 % 2147483647
        yield seed / 2147483647


def friedman(rows, columns, seed):
    """Friedman 1991's first test function, with noise of variance 1."""
    draw = uniforms(seed)
    x = np.array([[next(draw) for _ in range(columns)] for _ in range(rows)])
    noise = np.array([sum(next(draw) for _ in range(12)) - 6 for _ in range(rows)])
    y = 10 * np.sin(math.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, y + noise


def tree_case(name, x, y, weights=None, **settings):
    tree = DecisionTreeRegressor(random_state=0, **settings).fit(x, y, weights).tree_
    leaf = tree.children_left < 0
    return {
        "name": name,
        "x": x,
        "y": y,
        "weights": weights or [1] * len(y),
        "settings": settings,
        "feature": np.where(leaf, -1, tree.feature).tolist(),
        "threshold": np.where(leaf, 0, tree.threshold).tolist(),
        "value": tree.value[:, 0, 0].tolist(),
    }


def trees():
    draw = uniforms(5)
    tied = [[math.floor(next(draw) * 6)] for _ in range(40)]
    labels = [math.floor(next(draw) * 64) for _ in range(40)]
    wide = [[math.floor(next(draw) * 16) / 4 for _ in range(3)] for _ in range(60)]
    real = [round(next(draw) * 100, 3) for _ in range(60)]
    weights = [1 + math.floor(next(draw) * 4) for _ in range(60)]
    return [
        tree_case("a step", [[1], [2], [3], [4]], [5, 5, 9, 9]),
        tree_case("tied values with other labels", tied, labels),
        tree_case("tied values, leaves of 4 rows", tied, labels, min_samples_leaf=4),
        tree_case("equal rows with other labels", [[1], [1], [2], [2]], [1, 3, 10, 12]),
        tree_case("nothing to split on", [[7], [7], [7]], [1, 2, 6]),
        tree_case("a constant target", [[1], [2], [3]], [4, 4, 4]),
        tree_case("a first split that gains nothing", [[0], [1], [2], [3]], [1, 0, 0, 1]),
        tree_case("three columns with ties", wide, real, min_samples_split=20),
        tree_case("two levels", wide, real, max_depth=2),
        tree_case("nodes of 12 rows are split", wide, real, min_samples_split=12, min_samples_leaf=3),
        tree_case("weights", wide, real, weights, min_samples_split=15, min_samples_leaf=4),
    ]


def forest(**settings):
    x, y = friedman(900, 10, 11)
    scores = [
        r2_score(y[600:], RandomForestRegressor(100, random_state=seed, **settings).fit(x[:600], y[:600]).predict(x[600:]))
        for seed in range(48)
    ]
    return {"settings": settings, "seeds": 48, "r2_mean": np.mean(scores), "r2_variance": np.var(scores, ddof=1)}


def boosting_rows():
    x, y = friedman(450, 5, 21)
    # Fewer values than bins, so that every side bins alike; labels above 0, for QLIKE.
    return np.floor(x * 200) / 200, np.exp(y / 10)


def boosting(loss, mean_loss, **settings):
    x, y = boosting_rows()
    model = HistGradientBoostingRegressor(
        loss=loss,
        learning_rate=0.1,
        max_iter=60,
        max_depth=3,
        max_leaf_nodes=None,
        min_samples_leaf=20,
        early_stopping=False,
        **settings,
    ).fit(x, y)
    return {"loss": loss, "train": [mean_loss(y - forecasts) for forecasts in model.staged_predict(x)][9::10]}


def boosting_qlike():
    """Friedman's algorithm on scikit-learn's trees: scikit-learn's own "gamma" loss grows its trees otherwise."""
    x, y = boosting_rows()
    score = np.full(len(y), math.log(y.mean()))
    train = []
    for _ in range(60):
        residual = y * np.exp(-score) - 1
        leaf = DecisionTreeRegressor(max_depth=3, min_samples_leaf=20, random_state=0).fit(x, residual).apply(x)
        for node in np.unique(leaf):
            rows = leaf == node
            score[rows] += 0.1 * math.log(np.mean(y[rows] * np.exp(-score[rows])))
        train.append(np.mean(y * np.exp(-score) - np.log(y) + score - 1))
    return {"loss": "qlike", "train": train[9::10]}


print(
    json.dumps(
        {
            "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
            "trees": trees(),
            "forests": [forest(), forest(max_features=3), forest(min_samples_leaf=5)],
            "boosting": [
                boosting("squared_error", lambda error: np.mean(error**2)),
                boosting("absolute_error", lambda error: np.mean(np.abs(error))),
                boosting("quantile", lambda error: np.mean(np.maximum(0.9 * error, -0.1 * error)), quantile=0.9),
                boosting_qlike(),
            ],
        }
    )
)
