"""Turns a picture into the input of the model beside this file, and reads its output, as preprocessing.json says.

    python preprocess.py              checks this code by the check picture; the model, too, where onnxruntime is installed
    python preprocess.py photo.jpg    writes the input of a picture to photo.jpg.npy

It needs numpy. Pillow, 10.1 or later, decodes pictures and does nothing else. It follows the data: another model needs another
preprocessing.json and no other code.
"""

import json
import math
import os
import sys

import numpy as np


def decode(file):
    """The pixels of a picture: uint8 [height, width, 3], upright, sRGB, transparency on white."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(Image.open(file))
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # Gray of 16 bits, whose profile is ignored.
        image, profile = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)), None
    is_gray, opacity = image.mode in ("1", "L", "LA"), 255
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        opacity = np.asarray(rgba.getchannel("A"), np.int64)[..., None]
        image = image if is_gray else rgba
    image = image.convert("L" if is_gray else "CMYK" if image.mode == "CMYK" else "RGB")
    # The profile first, then white, rounded down.
    pixels = np.asarray(to_srgb(image, profile), np.int64)
    return ((pixels * opacity + 255 * (255 - opacity)) // 255).astype(np.uint8)


def to_srgb(image, profile):
    """Applies a color profile to a picture without transparency. One that is broken, or of another kind of colors, is ignored."""
    from PIL import ImageCms
    from io import BytesIO

    colors = {"L": "GRAY", "CMYK": "CMYK"}.get(image.mode, "RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile or b""))
        if source.profile.xcolor_space.strip() == colors:
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        pass
    if colors == "CMYK":
        raise ValueError(
            "The picture is CMYK without a color profile of CMYK. Fovea then takes the profile of libvips, which this code lacks. "
            "Turn the picture into RGB, and give Fovea and this code the same file."
        )
    return image.convert("RGB")


def gray(pixels, step):
    """Luma in whole numbers: [height, width, 1]."""
    sums = pixels.astype(np.int64) @ np.asarray(step["weights"], np.int64)
    return ((sums + step["add"]) // step["divisor"]).astype(np.uint8)[..., None]


def cubic(position, a):
    """The cubic kernel of Keys (1981); a = -0.5 is the Catmull-Rom spline."""
    x = abs(position)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


def taps(length, scaled, step):
    """For each pixel of a scaled axis: the first source pixel, and weights in fixed point. The kernel widens when it shrinks."""
    ratio = length / scaled
    stretch = max(1.0, ratio) if step["antialias"] else 1.0
    for position in range(scaled):
        center = (position + 0.5) * ratio
        first = max(0, int(center - 2 * stretch + 0.5))
        end = min(length, int(center + 2 * stretch + 0.5))
        shares = [cubic((at - center + 0.5) * (1 / stretch), step["a"]) for at in range(first, end)]
        total = 0.0
        for share in shares:  # sum() rounds otherwise since Python 3.12.
            total += share
        total = total or 1
        fixed = [share / total * (1 << step["bits"]) for share in shares]
        yield first, np.array([int(value + (-0.5 if value < 0 else 0.5)) for value in fixed], np.int64)


def scale_axis(pixels, scaled, axis, step):
    """Scales one axis, and rounds to whole levels."""
    source = np.moveaxis(pixels, axis, 0).astype(np.int64)
    result = np.empty((scaled, *source.shape[1:]), np.uint8)
    half = 1 << (step["bits"] - 1)
    for position, (first, weights) in enumerate(taps(source.shape[0], scaled, step)):
        sums = np.tensordot(weights, source[first : first + len(weights)], 1)
        result[position] = np.clip((sums + half) >> step["bits"], 0, 255)
    return np.moveaxis(result, 0, axis)


def resize(pixels, step):
    """Scales the whole picture."""
    height, width = pixels.shape[:2]
    new_width, new_height = step["width"], step["height"]
    if step["fit"] != "stretch":
        ratios = step["width"] / width, step["height"] / height
        ratio = max(ratios) if step["fit"] == "cover" else min(ratios)
        add = 0.5 if step["rounding"] == "nearest" else 1e-6
        new_width, new_height = (max(1, math.floor(side * ratio + add)) for side in (width, height))
    fewer_rows = height - new_height
    is_vertical_first = fewer_rows > 0 and fewer_rows > 2 * (width - new_width)
    for axis in (0, 1) if is_vertical_first else (1, 0):
        pixels = scale_axis(pixels, (new_height, new_width)[axis], axis, step)
    return pixels


def window(pixels, step, is_enlarged):
    """Cuts out the center; what lies beyond the picture has the color of the padding."""
    height, width, channels = pixels.shape
    odd = 1 if step["odd"] == "up" and not is_enlarged else 0
    left, top = (width - step["width"] + odd) // 2, (height - step["height"] + odd) // 2
    result = np.empty((step["height"], step["width"], channels), np.uint8)
    result[:] = step["color"]
    x0, x1 = max(0, left), min(width, left + step["width"])
    y0, y1 = max(0, top), min(height, top + step["height"])
    result[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return result


def normalize(pixels, step):
    """(value / divisor - mean) / deviation, each step in float32, the channels in the order of the input."""
    mean, deviation = (np.asarray(step[name], np.float32) for name in ("mean", "deviation"))
    return (pixels[..., step["order"]].astype(np.float32) / np.float32(step["divisor"]) - mean) / deviation


STEPS = {"gray": gray, "resize": resize, "normalize": normalize}


def preprocess(certificate, pixels):
    """The input of the network, float32 [1, height, width, channels], of decoded pixels, uint8 [height, width, 3]."""
    height, width = pixels.shape[:2]
    for step in certificate["steps"]:
        if step["step"] == "window":
            pixels = window(pixels, step, pixels.shape[0] > height or pixels.shape[1] > width)
        elif step["step"] in STEPS:
            pixels = STEPS[step["step"]](pixels, step)
    return np.ascontiguousarray(pixels[None], np.float32)


def read_output(certificate, values):
    """Label, scores and rejection, as the API answers them, of the output of the network for one picture."""
    output = certificate["output"]
    scores = np.asarray(values, np.float64)
    if output["temperature"] != 1:
        logits = np.log(np.maximum(scores, 1e-38))
        weights = np.exp((logits - logits.max()) / output["temperature"])
        scores = weights / weights.sum()
    best = int(scores.argmax())
    threshold = output["threshold"]
    rejected = threshold is not None and bool(scores[best] < threshold)
    return {"label": output["labels"][best], "scores": scores.tolist(), "rejected": rejected}


def check(folder):
    """Compares with the check picture's tensor, and the model's answer with the one in the certificate."""
    with open(os.path.join(folder, "preprocessing.json"), encoding="utf-8") as file:
        certificate = json.load(file)
    known = certificate["check"]
    made = preprocess(certificate, decode(os.path.join(folder, known["picture"])))
    differences = np.abs(made - np.load(os.path.join(folder, known["tensor"])))
    allowed = known["tolerance"]
    is_right = differences.max() <= allowed["max"] and differences.mean() <= allowed["mean"]
    print(f"input: {'right' if is_right else 'WRONG'}, largest difference {differences.max():.7f}, mean {differences.mean():.7f}")
    model = os.path.join(folder, certificate["model"]["file"])
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
    if onnxruntime is not None and os.path.exists(model):
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        names = certificate["output"]["name"], certificate["input"]["name"]
        answer = read_output(certificate, session.run([names[0]], {names[1]: made})[0][0])
        difference = max(abs(a - b) for a, b in zip(answer["scores"], known["scores"]))
        is_answer = difference <= known["allowed"]
        print(f"answer: {'right' if is_answer else 'WRONG'}, {answer['label']}, largest difference {difference:.7f}")
        is_right = is_right and is_answer
    return is_right


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if len(sys.argv) < 2:
        sys.exit(0 if check(here) else 1)
    with open(os.path.join(here, "preprocessing.json"), encoding="utf-8") as contract:
        np.save(sys.argv[1] + ".npy", preprocess(json.load(contract), decode(sys.argv[1])))
