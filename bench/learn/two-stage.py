"""Keras's fine-tune in two stages: python two-stage.py FOLDER OUTPUT SEED RECIPE WEIGHTS.h5 ALPHA [--epochs HEAD FULL]

FOLDER holds lists.json: `train` and `test`, lists of [path, class index], and `classes`. RECIPE is `course` (SGD, as taught in
chapter 14 of Géron's book) or `modern` (AdamW, cosine with warm-up, augmentation, label smoothing). Neither looks at the test
pictures, and both train on all others. Writes the test pictures' probabilities (float32, row-major) to OUTPUT, and prints
{"seconds", "note"}; the seconds are those of both fits."""
import json
import os
import sys
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", GLOG_minloglevel="3", CUDA_VISIBLE_DEVICES="-1")
import keras
import numpy as np
import tensorflow as tf

folder, output, seed, recipe, weights, alpha = sys.argv[1:7]
seed = int(seed)
lists = json.load(open(os.path.join(folder, "lists.json")))
classes = lists["classes"]
SIZE, BATCH_SIZE, SHORT_SIDE = 224, 32, 256
EPOCHS = {"course": (5, 40), "modern": (15, 30)}[recipe]
if "--epochs" in sys.argv:
    EPOCHS = tuple(int(value) for value in sys.argv[sys.argv.index("--epochs") + 1 :][:2])
MODERN = recipe == "modern"
keras.utils.set_random_seed(seed)


def decode(path, label):
    return tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False), label


def resize(pixels, height, width):
    return tf.image.resize(pixels, (height, width), antialias=True)


def whole(pixels):
    """The course squashes pictures; the modern recipe scales the short side and takes the center."""
    if not MODERN:
        return resize(pixels, SIZE, SIZE)
    shape = tf.cast(tf.shape(pixels)[:2], tf.float32)
    height, width = tf.unstack(tf.cast(tf.round(shape * SHORT_SIDE / tf.reduce_min(shape)), tf.int32))
    return tf.image.resize_with_crop_or_pad(resize(pixels, height, width), SIZE, SIZE)


def crop(pixels, least):
    """A random crop with at least that share of the area and an aspect ratio of 3:4 to 4:3."""
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        tf.shape(pixels), tf.zeros((1, 0, 4)), area_range=(least, 1.0), aspect_ratio_range=(3 / 4, 4 / 3),
        min_object_covered=0.0, use_image_if_no_bounding_boxes=True,
    )
    return resize(tf.slice(pixels, begin, size), SIZE, SIZE)


def augment(pixels):
    pixels = tf.image.random_flip_left_right(crop(pixels, 0.4 if MODERN else 0.8))
    if MODERN:
        pixels = tf.image.random_brightness(pixels, 0.2)
        pixels = tf.image.random_contrast(pixels, 0.8, 1.2)
        pixels = tf.image.random_saturation(pixels, 0.8, 1.2)
    return pixels


def dataset(split, augmented):
    paths, labels = zip(*lists[split])
    data = tf.data.Dataset.from_tensor_slices((list(paths), tf.one_hot(labels, classes))).map(decode, num_parallel_calls=2)
    if augmented:
        # Pixels stay in memory, so that each picture is decoded once.
        data = data.cache().shuffle(len(paths), seed=seed)

    def view(pixels, label):
        shown = (augment if augmented else whole)(tf.image.convert_image_dtype(pixels, tf.float32))
        return tf.clip_by_value(shown, 0, 1) * 2 - 1, label

    data = data.map(view, num_parallel_calls=2)
    return data.batch(BATCH_SIZE).prefetch(2)


def optimizer(stage, epochs):
    if not MODERN:
        rate, decay, nesterov = ((0.2, 0.01, False), (0.01, 0.001, True))[stage]
        schedule = keras.optimizers.schedules.InverseTimeDecay(rate, 1, decay)
        return keras.optimizers.SGD(schedule, momentum=0.9, nesterov=nesterov)
    steps = epochs * -(-len(lists["train"]) // BATCH_SIZE)
    warm_up = steps // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=(2e-3, 2e-4)[stage], warmup_steps=warm_up
    )
    return keras.optimizers.AdamW(schedule, weight_decay=0.01, clipnorm=1.0)


def say(epoch, logs):
    print(f"stage {stage + 1}, epoch {epoch + 1} of {EPOCHS[stage]}: loss {logs['loss']:.3f}", file=sys.stderr, flush=True)


has_top = "no_top" not in os.path.basename(weights)
network = keras.applications.MobileNetV2(alpha=float(alpha), include_top=has_top, weights=None, input_shape=(SIZE, SIZE, 3))
network.load_weights(weights)
base = keras.Model(network.input, network.get_layer("out_relu").output)
inputs = keras.Input((SIZE, SIZE, 3))
features = keras.layers.GlobalAveragePooling2D()(base(inputs))
if MODERN:
    features = keras.layers.Dropout(0.2)(features)
model = keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(features))
train = dataset("train", augmented=True)
start = time.perf_counter()
for stage, epochs in enumerate(EPOCHS):
    base.trainable = stage == 1
    for layer in base.layers:
        # Its statistics have a momentum of 0.999: after some hundred steps they would fit neither the old weights nor the new.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1 if MODERN else 0.0)
    # On processors, XLA compiles for a minute and gains nothing.
    model.compile(optimizer=optimizer(stage, epochs), loss=loss, jit_compile=False)
    model.fit(train, epochs=epochs, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=say)])
seconds = time.perf_counter() - start
model.predict(dataset("test", augmented=False), verbose=0).astype("<f4").tofile(output)
print(json.dumps({"seconds": seconds, "note": f"{EPOCHS[0]} + {EPOCHS[1]} epochs"}))
