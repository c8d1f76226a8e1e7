"""Writes expected.json: scikit-learn's multinomial logistic regression on seeded features.

python -m venv venv && venv/bin/pip install scikit-learn && venv/bin/python make-golden.py
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

SEED = 20260301
ROWS, WIDTH, CLASSES = 60, 6, 3

random = np.random.default_rng(SEED)
labels = random.integers(0, CLASSES, ROWS)
centers = random.normal(0, 1, (CLASSES, WIDTH))
x = np.abs(centers[labels] + random.normal(0, 1, (ROWS, WIDTH)) * np.linspace(0.2, 2, WIDTH)).astype(np.float32)
weights = random.choice([0.25, 1.0, 2.0], ROWS)
# Centered, with one scale for all features.
centered = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
scaled = centered / np.sqrt(centered.var(axis=0).mean())


def fit(l2, sample_weight):
    model = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10_000).fit(scaled, labels, sample_weight)
    return model.predict_proba(scaled).ravel().round(7).tolist()


pathlib.Path(__file__).with_name("expected.json").write_text(
    json.dumps(
        {
            "source": {"scikit-learn": sklearn.__version__, "seed": SEED, "tolerance": 1e-3},
            "width": WIDTH,
            "classes": CLASSES,
            "features": [float(value) for value in x.ravel()],
            "labels": labels.tolist(),
            "weights": weights.tolist(),
            "probabilities": {
                "1": fit(1, np.ones(ROWS)),
                "0.1": fit(0.1, np.ones(ROWS)),
                "0.3 weighted": fit(0.3, weights),
            },
        }
    )
    + "\n"
)
