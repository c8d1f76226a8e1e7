"""Keras's `fit` on a frozen MobileNetV2, five epochs: python keras-frozen.py LISTS.json WEIGHTS.h5 ALPHA SEED

LISTS.json has `train` and `test`, lists of [path, class index], and `classes`. Prints {"seconds", "accuracy"}; the seconds
are of `fit` alone, with its first step and reading the pictures, as those of stage-one.ts."""
import json, os, sys, time
os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import keras
import tensorflow as tf

lists, weights, alpha, seed = json.load(open(sys.argv[1])), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
EPOCHS, BATCH_SIZE, LEARNING_RATE, SIZE = 5, 32, 2e-3, 224
keras.utils.set_random_seed(seed)


def picture(path, label):
    pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(pixels, (SIZE, SIZE), antialias=True) / 127.5 - 1, label


def dataset(split):
    paths, labels = zip(*lists[split])
    data = tf.data.Dataset.from_tensor_slices((list(paths), list(labels)))
    if split == 'train':
        data = data.shuffle(len(paths), seed=seed)
    return data.map(picture, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)


has_top = 'no_top' not in os.path.basename(weights)
whole = keras.applications.MobileNetV2(alpha=alpha, include_top=has_top, weights=None, input_shape=(SIZE, SIZE, 3))
whole.load_weights(weights)
base = keras.Model(whole.input, whole.get_layer('out_relu').output)
base.trainable = False
inputs = keras.Input((SIZE, SIZE, 3))
features = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
model = keras.Model(inputs, keras.layers.Dense(lists['classes'], activation='softmax')(features))
model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss='sparse_categorical_crossentropy', metrics=['accuracy'])

start = time.perf_counter()
model.fit(dataset('train'), epochs=EPOCHS, verbose=0)
seconds = time.perf_counter() - start
print(json.dumps({'seconds': seconds, 'accuracy': float(model.evaluate(dataset('test'), verbose=0)[1])}))
