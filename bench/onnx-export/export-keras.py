# Keras's own network with the weights of a file, exported by tf2onnx: `export-keras.py <weights.h5> <out.onnx>`.

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf
import tf2onnx

model = keras.applications.MobileNetV2(weights=None)
model.load_weights(sys.argv[1])
signature = [tf.TensorSpec([None, 224, 224, 3], tf.float32, name="input")]
function = tf.function(lambda x: model(x, training=False), input_signature=signature)
tf2onnx.convert.from_function(function, input_signature=signature, opset=17, output_path=sys.argv[2])
