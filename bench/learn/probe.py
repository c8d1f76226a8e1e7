"""Logistic regression on features that Fovea extracted: python probe.py FOLDER OUTPUT SEED [balanced]

FOLDER holds lists.json (`train` and `test`, lists of [path, class index], and `classes`), and train.features and test.features
(float32, little-endian, row-major), and train.groups (int32). L2 is chosen by the loss of cross-validation, in which look-alikes share a fold. Writes the
test pictures' probabilities (float32, row-major) to OUTPUT, and prints {"seconds", "note"}. With `balanced` every class counts alike, in
the fits and in the loss (scikit-learn's class_weight="balanced")."""
import json
import pathlib
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

folder, output, seed = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
class_weight = "balanced" if "balanced" in sys.argv[4:] else None
lists = json.loads((folder / "lists.json").read_text())
classes = lists["classes"]
FOLDS = 5
STRENGTHS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
SMALLEST = 1e-7


def load(split):
    labels = np.array([label for _, label in lists[split]])
    return np.fromfile(folder / f"{split}.features", dtype="<f4").reshape(len(labels), -1), labels


def fit(c, x, y):
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=5000, class_weight=class_weight)).fit(x, y)


def predict(model, x):
    """Probabilities of all classes, also of those that the model was not trained on."""
    result = np.zeros((len(x), classes))
    result[:, model.classes_] = model.predict_proba(x)
    return result


x, y = load("train")
x_test, _ = load("test")
start = time.perf_counter()
groups = np.fromfile(folder / "train.groups", dtype="<i4")
losses = {}
if len(set(groups)) >= FOLDS:
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(x, y, groups))
    folds = [(train, held) for train, held in folds if len(held) > 0 and len(set(y[train])) > 1]
    for c in STRENGTHS:
        held_out = [(predict(fit(c, x[train], y[train]), x[held]), y[held]) for train, held in folds]
        right = np.concatenate([p[np.arange(len(t)), t] for p, t in held_out])
        weights = compute_sample_weight(class_weight, np.concatenate([t for _, t in held_out]))
        losses[c] = -np.average(np.log(np.maximum(right, SMALLEST)), weights=weights)
best = min(losses, key=losses.get) if losses else 1e-2
predict(fit(best, x, y), x_test).astype("<f4").tofile(output)
print(json.dumps({"seconds": time.perf_counter() - start, "note": f"C = {best:g}, {len(set(groups))} groups"}))
