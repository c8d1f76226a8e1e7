# Runs the same training steps in each graph, on as many processors as it names, and prints how far each is from the first:
# `run-graphs.py <folder>...`. The folders are those that main.ts writes.

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
STEPS = 3
ROUNDING = 1e-6


def values_of(name, shape, rng):
    if name == "images":
        return rng.randint(0, 256, shape)
    if name == "targets":
        return np.eye(shape[1])[rng.randint(0, shape[1], shape[0])]
    if name == "sample_weights":
        return np.full(shape, 1 / shape[0])
    if name == "learning_rate":
        return 0.01
    return (rng.rand(*shape) > 0.3) / 0.7


def train(folder, perturb=False):
    with open(os.path.join(folder, "graph.json")) as file:
        graph = json.load(file)
    config = tf1.ConfigProto(device_count={"CPU": graph["towers"]})
    with tf1.Graph().as_default(), tf1.Session(config=config) as session:
        tf1.saved_model.loader.load(session, ["train"], folder)
        first = [np.array(v["data"], np.float32).reshape(v["shape"]) for v in graph["variables"]]
        if perturb:
            first[0] *= 1 + ROUNDING * np.random.RandomState(0).randn(*first[0].shape)
        feeds = {v["feed"] + ":0": value for v, value in zip(graph["variables"], first)}
        session.run([v["assigned"] + ":0" for v in graph["variables"]], feeds)
        losses = []
        trace = tf1.RunMetadata()
        for step in range(STEPS):
            rng = np.random.RandomState(step)
            inputs = {i["node"] + ":0": values_of(i["name"], i["shape"], rng) for i in graph["inputs"]}
            options = tf1.RunOptions(trace_level=tf1.RunOptions.FULL_TRACE)
            found = session.run([node + ":0" for node in graph["run"]], inputs, options, trace)
            losses.append(found[graph["outputs"].index("loss")])
        variables = session.run([v["value"] + ":0" for v in graph["variables"]])
    return losses, variables, len(trace.step_stats.dev_stats)


def report(name, found):
    loss = max(abs(a - b) for a, b in zip(found[0], expected[0]))
    first = abs(found[0][0] - expected[0][0])
    variable = max(np.abs(a - b).max() for a, b in zip(found[1], expected[1]))
    print(f"  {name}: first loss {first:.1e}, losses {loss:.1e}, variables {variable:.1e}", flush=True)


expected = train(sys.argv[1])
for folder in sys.argv[2:]:
    found = train(folder)
    report(f"{found[2]} devices", found)
report(f"one device, first kernel changed by {ROUNDING:.0e}", train(sys.argv[1], perturb=True))
