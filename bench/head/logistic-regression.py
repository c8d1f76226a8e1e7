"""Logistic regression on features that Fovea extracted: fits on one file, prints its accuracy on another as JSON.

usage: logistic-regression.py FOLDER, which holds meta.json {"features": n} and, for train and test, <split>.features
(float32, little-endian, row-major) and <split>.labels (int32).
"""

import json
import pathlib
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = pathlib.Path(sys.argv[1])
features = json.loads((folder / "meta.json").read_text())["features"]


def load(split):
    x = np.fromfile(folder / f"{split}.features", dtype="<f4").reshape(-1, features)
    return x, np.fromfile(folder / f"{split}.labels", dtype="<i4")


x, y = load("train")
x_test, y_test = load("test")
models = {
    "default (C=1)": LogisticRegression(max_iter=5000),
    "standardized, C=1": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
    "standardized, C=0.01": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=5000)),
}
print(json.dumps({name: float(model.fit(x, y).score(x_test, y_test)) for name, model in models.items()}))
