# Keras behind FastAPI: the network as Keras runs it, with Pillow's pixels.
# Environment: NETWORK (MobileNetV2 or ResNet50), WEIGHTS (a file, or none for random weights), SIZE, CROP, INPUT_MODE (tf or caffe).

import io
import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image, ImageOps

SIZE = int(os.environ["SIZE"])
CROP = float(os.environ["CROP"])
CAFFE = os.environ["INPUT_MODE"] == "caffe"
MEAN = np.array([103.939, 116.779, 123.68], np.float32)

network = getattr(keras.applications, os.environ["NETWORK"])(weights=os.environ.get("WEIGHTS"))
run = tf.function(lambda batch: network(batch, training=False), reduce_retracing=True)
app = FastAPI()


def read(body: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert("RGB")
    side = CROP * min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    image = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    pixels = np.asarray(image, np.float32)
    return pixels[:, :, ::-1] - MEAN if CAFFE else pixels / 127.5 - 1


def predict(body: bytes):
    scores = run(tf.constant(read(body)[None])).numpy()[0]
    best = np.argsort(scores)[::-1][:5]
    return {"predictions": [{"index": int(i), "score": float(scores[i])} for i in best]}


@app.post("/predict")
async def answer(request: Request):
    return await run_in_threadpool(predict, await request.body())
