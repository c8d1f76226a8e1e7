# What people write themselves in an afternoon: FastAPI, Pillow and ONNX Runtime around one .onnx file.
# Environment: MODEL, SIZE, CROP (share of the short side that is kept), INPUT_MODE (tf or caffe), DRAFT (1: let the JPEG decoder scale), THREADS.

import io
import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image, ImageOps

SIZE = int(os.environ["SIZE"])
CROP = float(os.environ["CROP"])
DRAFT = os.environ.get("DRAFT") == "1"
CAFFE = os.environ["INPUT_MODE"] == "caffe"
MEAN = np.array([103.939, 116.779, 123.68], np.float32)

options = ort.SessionOptions()
options.intra_op_num_threads = int(os.environ["THREADS"])
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
input_name = session.get_inputs()[0].name
app = FastAPI()


def read(body: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(body))
    if DRAFT:
        least = round(SIZE / CROP)
        image.draft("RGB", (least, least))
    image = ImageOps.exif_transpose(image).convert("RGB")
    side = CROP * min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    image = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    pixels = np.asarray(image, np.float32)
    return pixels[:, :, ::-1] - MEAN if CAFFE else pixels / 127.5 - 1


def predict(body: bytes):
    scores = session.run(None, {input_name: read(body)[None]})[0][0]
    best = np.argsort(scores)[::-1][:5]
    return {"predictions": [{"index": int(i), "score": float(scores[i])} for i in best]}


@app.post("/predict")
async def answer(request: Request):
    return await run_in_threadpool(predict, await request.body())
