"""Writes keras-training.json beside this file: python generate-training.py   (Keras 3.15.1, TensorFlow 2.21.0, CPU)

Twenty steps of `train_on_batch` with each optimizer and setting, from the same weights on the same batches. Weights and
pictures follow the rule of the Keras goldens (tests/support/keras-golden.ts); labels are (7 i + i // 3) mod 5.
"""
import json, math, os
from pathlib import Path
os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import numpy as np, tensorflow as tf, keras
from keras import layers as L, optimizers as O

STEPS, BATCH, SIZE, CLASSES, GAIN = 20, 8, 12, 5, 1.4
U = np.uint32


def fmix(h):
    h = np.asarray(h, dtype=U)
    with np.errstate(over='ignore'):
        h = h ^ (h >> U(16)); h = h * U(0x85EBCA6B)
        h = h ^ (h >> U(13)); h = h * U(0xC2B2AE35)
        return h ^ (h >> U(16))


def draw(k, n):
    with np.errstate(over='ignore'):
        a = fmix(np.arange(n, dtype=U) + U(1))
    b = fmix(np.array((k + 0x9E3779B9) & 0xFFFFFFFF, dtype=U))
    return fmix(a ^ b).astype(np.float64) / 2147483648.0 - 1.0


def build():
    i = x = L.Input((SIZE, SIZE, 3), name='input')
    x = L.Conv2D(8, 3, padding='same', use_bias=False, name='conv')(x)
    x = L.BatchNormalization(momentum=0.9, name='conv_bn')(x)
    x = L.Activation('relu', name='conv_relu')(x)
    x = L.DepthwiseConv2D(3, strides=2, padding='same', use_bias=False, name='depthwise')(x)
    x = L.BatchNormalization(momentum=0.9, name='depthwise_bn')(x)
    x = L.Activation('relu6', name='depthwise_relu')(x)
    x = L.Conv2D(12, 1, activation='silu', name='project')(x)
    x = L.MaxPooling2D(2, name='pool')(x)
    x = L.Flatten(name='flatten')(x)
    x = L.Dense(CLASSES, activation='softmax', name='top')(x)
    return keras.Model(i, x)


RULES = {'kernel': 'kernel', 'bias': 'offset', 'beta': 'offset', 'moving_mean': 'offset', 'gamma': 'scale', 'moving_variance': 'variance'}


def fill(model):
    layers, k = [], 0
    for layer in model.layers:
        rows = []
        for w in layer.weights:
            rule, shape = RULES[w.name], tuple(w.shape)
            v = draw(k, int(np.prod(shape)))
            fan = int(np.prod(shape[:2] if isinstance(layer, L.DepthwiseConv2D) else shape[:-1]))
            v = {'kernel': v * (GAIN * math.sqrt(3.0 / fan)), 'offset': 0.05 * v, 'scale': 1 + 0.1 * v, 'variance': 1 + 0.5 * np.abs(v)}[rule]
            w.assign(v.astype(np.float32).reshape(shape))
            rows.append({'name': w.name, 'shape': list(shape), 'k': k, 'rule': rule, 'fanIn': fan, 'sum': float(np.float64(v.astype(np.float32)).sum())})
            k += 1
        if rows: layers.append({'name': layer.name, 'weights': rows})
    return layers


def pictures():
    n = STEPS * BATCH
    b, h, w, c = [v.astype(np.float64) for v in np.meshgrid(*map(np.arange, (n, SIZE, SIZE, 3)), indexing='ij')]
    return (0.5 * np.sin(0.37 * h * (1.0 + b) + 0.23 * w + 1.1 * c) + 0.2 * np.sin(2.1 * b + 1.3 * c)
            + 0.3 * draw(1000000, n * SIZE * SIZE * 3).reshape(n, SIZE, SIZE, 3)).astype(np.float32)


# name: (trainer options as the test takes them, Keras's optimizer, Keras's label smoothing)
RUNS = {
    'sgd': ({'optimizer': {'type': 'sgd'}, 'learningRate': 0.05}, lambda: O.SGD(0.05), 0),
    'momentum': ({'optimizer': {'type': 'sgd', 'momentum': 0.9}, 'learningRate': 0.02}, lambda: O.SGD(0.02, momentum=0.9), 0),
    'nesterov': ({'optimizer': {'type': 'sgd', 'momentum': 0.9, 'nesterov': True}, 'learningRate': 0.02}, lambda: O.SGD(0.02, momentum=0.9, nesterov=True), 0),
    'adam': ({'optimizer': {'type': 'adam'}, 'learningRate': 0.002}, lambda: O.Adam(0.002), 0),
    'adamw': ({'optimizer': {'type': 'adamw', 'weightDecay': 0.05}, 'learningRate': 0.002}, lambda: O.AdamW(0.002, weight_decay=0.05), 0),
    'nadam': ({'optimizer': {'type': 'nadam'}, 'learningRate': 0.002}, lambda: O.Nadam(0.002), 0),
    'rmsprop': ({'optimizer': {'type': 'rmsprop'}, 'learningRate': 0.001}, lambda: O.RMSprop(0.001), 0),
    'rmsprop with momentum': ({'optimizer': {'type': 'rmsprop', 'momentum': 0.5}, 'learningRate': 0.001}, lambda: O.RMSprop(0.001, momentum=0.5), 0),
    'decayed sgd': ({'optimizer': {'type': 'sgd', 'momentum': 0.9, 'weightDecay': 0.1}, 'learningRate': 0.02}, lambda: O.SGD(0.02, momentum=0.9, weight_decay=0.1), 0),
    'clipped': ({'optimizer': {'type': 'sgd', 'momentum': 0.9, 'clipNorm': 0.3}, 'learningRate': 0.05}, lambda: O.SGD(0.05, momentum=0.9, global_clipnorm=0.3), 0),
    'smoothed labels': ({'optimizer': {'type': 'sgd'}, 'learningRate': 0.05, 'labelSmoothing': 0.1}, lambda: O.SGD(0.05), 0.1),
    'accumulated': ({'optimizer': {'type': 'adam'}, 'learningRate': 0.002, 'gradientAccumulation': 4}, lambda: O.Adam(0.002, gradient_accumulation_steps=4), 0),
    'averaged': ({'optimizer': {'type': 'sgd', 'momentum': 0.9}, 'learningRate': 0.02, 'emaDecay': 0.8}, lambda: O.SGD(0.02, momentum=0.9, use_ema=True, ema_momentum=0.8), 0),
}


def run(options, make, smoothing, x, labels):
    keras.utils.clear_session()
    model = build(); layers = fill(model); optimizer = make()
    model.compile(optimizer=optimizer, loss=keras.losses.CategoricalCrossentropy(label_smoothing=smoothing))
    targets = np.eye(CLASSES, dtype=np.float32)[labels]; losses = []
    for step in range(STEPS):
        part = slice(step * BATCH, (step + 1) * BATCH)
        # train_on_batch returns a running mean; a fresh metric gives the batch's own loss
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x[part], targets[part])))
    if 'emaDecay' in options: optimizer.finalize_variable_values(model.trainable_variables)
    weights = {}
    for layer in model.layers:
        for w in layer.weights:
            v = w.numpy().reshape(-1); n = v.size; d = v.astype(np.float64)
            weights[f'{layer.name}/{w.name}'] = {'sum': float(d.sum()), 'l2': float(np.sqrt((d * d).sum())), 'maxAbs': float(np.abs(d).max()),
                'at': [[i, float(v[i])] for i in dict.fromkeys([0, n // 3, 2 * n // 3, n - 1])]}
    return layers, {'options': options, 'losses': losses, 'weights': weights}


if __name__ == '__main__':
    x = pictures(); i = np.arange(STEPS * BATCH); labels = (7 * i + i // 3) % CLASSES
    runs = {}
    for name, (options, make, smoothing) in RUNS.items():
        layers, runs[name] = run(options, make, smoothing, x, labels)
        print(name, runs[name]['losses'][0], runs[name]['losses'][-1], flush=True)
    document = {'model': 'training', 'kerasVersion': keras.__version__, 'tensorflowVersion': tf.__version__, 'steps': STEPS, 'batch': BATCH, 'size': SIZE,
                'classes': CLASSES, 'fill': {'gain': GAIN, 'headGain': GAIN, 'headWeight': -1}, 'layers': layers, 'runs': runs}
    (Path(__file__).parent / 'keras-training.json').write_text(json.dumps(document) + '\n')
