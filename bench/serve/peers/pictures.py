# Pillow's way from the bytes of a picture to the input of a network.
# Environment: SIZE, CROP (share of the short side that is kept), INPUT_MODE (tf or caffe), DRAFT (1: let the JPEG decoder scale).

import io
import os

import numpy as np
from PIL import Image, ImageOps

SIZE = int(os.environ["SIZE"])
CROP = float(os.environ["CROP"])
DRAFT = os.environ.get("DRAFT") == "1"
CAFFE = os.environ["INPUT_MODE"] == "caffe"
MEAN = np.array([103.939, 116.779, 123.68], np.float32)


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


def best(scores: np.ndarray):
    return {"predictions": [{"index": int(i), "score": float(scores[i])} for i in np.argsort(scores)[::-1][:5]]}
