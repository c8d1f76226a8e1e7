"""Writes expected.json: what scikit-learn, SciPy, statsmodels and cleanlab say of seeded predictions.

python -m venv venv && venv/bin/pip install scikit-learn scipy statsmodels cleanlab && venv/bin/python make-golden.py
"""

import json
import pathlib

import cleanlab
import numpy as np
import scipy
import sklearn
import statsmodels
from cleanlab.filter import find_label_issues
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

SEED = 20240602
EXAMPLES, CLASSES, BINS = 80, 4, 15

random = np.random.default_rng(SEED)
labels = random.integers(0, CLASSES, EXAMPLES)
logits = random.normal(0, 1.4, (EXAMPLES, CLASSES))
logits[np.arange(EXAMPLES), labels] += 1.6
# Too sure of themselves, as trained networks are; float32, as they are served.
probabilities = softmax(2.2 * logits, axis=1).astype(np.float32)
# A few wrong labels for confident learning.
labels[[3, 17, 40]] = (labels[[3, 17, 40]] + 1) % CLASSES
p = probabilities.astype(np.float64)
predicted = p.argmax(axis=1)
right = predicted == labels
confidence = p.max(axis=1)


def wilson(successes, trials):
    low, high = proportion_confint(successes, trials, method="wilson")
    return {"successes": int(successes), "trials": int(trials), "low": low, "high": high}


def calibration_error(confidence, right):
    bins = np.ceil(confidence * BINS).astype(int).clip(1, BINS)
    return sum(
        abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean()
        for b in range(1, BINS + 1)
        if (bins == b).any()
    )


def best_threshold(index):
    precision, recall, thresholds = metrics.precision_recall_curve(labels == index, p[:, index])
    f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]
    best = np.flatnonzero(np.isclose(f1, f1.max())).max()
    return {"threshold": thresholds[best], "f1": f1[best]}


loss_at = lambda t: metrics.log_loss(labels, softmax(np.log(p) / t, axis=1), labels=range(CLASSES))
temperature = minimize_scalar(loss_at, bounds=(0.2, 20), method="bounded", options={"xatol": 1e-10}).x
scaled = np.exp(log_softmax(np.log(p) / temperature, axis=1))

order = np.argsort(-confidence, kind="stable")
kept = np.arange(1, EXAMPLES + 1)
best_order = np.sort(~right)
precision, recall, f1, support = metrics.precision_recall_fscore_support(labels, predicted)

expected = {
    "source": {
        "script": "make-golden.py",
        "seed": SEED,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "statsmodels": statsmodels.__version__,
        "cleanlab": cleanlab.__version__,
        "tolerance": 1e-6,
    },
    "classes": CLASSES,
    "labels": labels.tolist(),
    "probabilities": [float(x) for x in probabilities.ravel()],
    "accuracy": wilson(right.sum(), EXAMPLES),
    "top2": metrics.top_k_accuracy_score(labels, p, k=2),
    "confusionMatrix": metrics.confusion_matrix(labels, predicted).tolist(),
    "precision": precision.tolist(),
    "recall": recall.tolist(),
    "f1": f1.tolist(),
    "support": support.tolist(),
    "macroF1": metrics.f1_score(labels, predicted, average="macro"),
    "balancedAccuracy": metrics.balanced_accuracy_score(labels, predicted),
    "thresholds": [best_threshold(index) for index in range(CLASSES)],
    "crossEntropy": metrics.log_loss(labels, p),
    "brier": float(((p - np.eye(CLASSES)[labels]) ** 2).sum(axis=1).mean()),
    "calibrationError": calibration_error(confidence, right),
    "temperature": temperature,
    "scaled": scaled.ravel().tolist(),
    "scaledCrossEntropy": loss_at(temperature),
    "scaledCalibrationError": calibration_error(scaled.max(axis=1), right),
    "riskArea": float(((~right)[order].cumsum() / kept).mean()),
    "bestRiskArea": float((best_order.cumsum() / kept).mean()),
    "suspects": sorted(
        int(i)
        for i in find_label_issues(
            labels,
            p,
            filter_by="confident_learning",
            return_indices_ranked_by="normalized_margin",
        )
    ),
    "quantiles": np.quantile(confidence, [0, 0.025, 0.31, 0.975, 1]).tolist(),
}
path = pathlib.Path(__file__).with_name("expected.json")
path.write_text(json.dumps(expected) + "\n")
