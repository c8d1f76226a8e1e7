"""Checks the folders of certificates that are given: prints one JSON line for each, with the differences of input and scores."""

import importlib.util
import json
import os
import sys

import numpy as np

for folder in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("preprocess", os.path.join(folder, "preprocess.py"))
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    with open(os.path.join(folder, "preprocessing.json"), encoding="utf-8") as file:
        certificate = json.load(file)
    check = certificate["check"]
    pixels = code.decode(os.path.join(folder, check["picture"]))
    made = code.preprocess(certificate, pixels)
    right = np.load(os.path.join(folder, check["tensor"]))
    assert made.shape == right.shape == tuple(certificate["input"]["shape"]), (made.shape, right.shape)
    answer = code.read_output(certificate, check["probabilities"])
    scores = max(abs(a - b) for a, b in zip(answer["scores"], check["scores"]))
    differences = np.abs(made - right)
    print(
        json.dumps(
            {
                "scores": scores,
                "max": float(differences.max()),
                "mean": float(differences.mean()),
                "label": answer["label"],
                "rejected": answer["rejected"],
            }
        )
    )
