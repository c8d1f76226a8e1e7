# What people write themselves in an afternoon: FastAPI, Pillow and ONNX Runtime around one .onnx file.
# Environment: MODEL, THREADS, and that of pictures.py.

import os

import onnxruntime as ort
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pictures import best, read

options = ort.SessionOptions()
options.intra_op_num_threads = int(os.environ["THREADS"])
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
input_name = session.get_inputs()[0].name
app = FastAPI()


def predict(body: bytes):
    return best(session.run(None, {input_name: read(body)[None]})[0][0])


@app.post("/predict")
async def answer(request: Request):
    return await run_in_threadpool(predict, await request.body())
