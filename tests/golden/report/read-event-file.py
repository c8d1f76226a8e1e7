# Reads an event file as TensorBoard does, checksums included, and prints its scalars as JSON: [tag, step, wall time, value].
# TensorBoard's own loader where it is installed, else TensorFlow's.

import json
import sys

try:
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.util import tensor_util

    def scalars(file):
        for event in event_file_loader.EventFileLoader(file).Load():
            for value in event.summary.value:
                yield [value.tag, event.step, event.wall_time, tensor_util.make_ndarray(value.tensor).item()]
except ImportError:
    import tensorflow as tf

    def scalars(file):
        for record in tf.data.TFRecordDataset(file):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                yield [value.tag, event.step, event.wall_time, value.simple_value]

print(json.dumps(list(scalars(sys.argv[1]))))
