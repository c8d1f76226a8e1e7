# Keras behind FastAPI: the network as Keras runs it, with Pillow's pixels.
# Environment: NETWORK (MobileNetV2 or ResNet50), WEIGHTS (a file, or none for random weights), and that of pictures.py.

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pictures import best, read

network = getattr(keras.applications, os.environ["NETWORK"])(weights=os.environ.get("WEIGHTS"))
run = tf.function(lambda batch: network(batch, training=False), reduce_retracing=True)
app = FastAPI()


def predict(body: bytes):
    return best(run(tf.constant(read(body)[None])).numpy()[0])


@app.post("/predict")
async def answer(request: Request):
    return await run_in_threadpool(predict, await request.body())
