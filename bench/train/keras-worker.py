"""Keras's `train_on_batch` in the protocol of worker.ts: python keras-worker.py NETWORK SIZE CHANNELS BATCH CLASSES"""
import json, os, resource, sys, time
os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
started = time.perf_counter()
import numpy as np
import keras
from keras import layers as L

name, size, channels, batch, classes = sys.argv[1], *map(int, sys.argv[2:])


def mnist_cnn():
    return keras.Sequential([
        L.Input((size, size, channels)),
        L.Conv2D(32, 3, padding='same', activation='relu'), L.Conv2D(64, 3, padding='same', activation='relu'),
        L.MaxPooling2D(2), L.Flatten(), L.Dropout(0.25), L.Dense(128, activation='relu'), L.Dropout(0.5),
        L.Dense(classes, activation='softmax')])


def application():
    return getattr(keras.applications, name)(weights=None, classes=classes, input_shape=(size, size, channels))


model = mnist_cnn() if name == 'mnist_cnn' else application()
model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss='sparse_categorical_crossentropy')
images = np.sin(np.arange(batch * size * size * channels) * 12.9898).astype(np.float32).reshape(batch, size, size, channels)
labels = (np.arange(batch) % classes).astype(np.int32)
step = lambda: model.train_on_batch(images, labels)


def report(**fields):
    print(json.dumps(fields), flush=True)


step()
report(firstStepSeconds=time.perf_counter() - started)
step()
for line in sys.stdin:
    steps = int(line)
    start, used = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    report(seconds=(time.perf_counter() - start) / steps, processorSeconds=(time.process_time() - used) / steps,
           peakBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
