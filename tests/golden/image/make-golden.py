# Makes pictures.json: small pictures, and Pillow's pixels of them at the size of a network's input.
#
#   pip install pillow==13.0.0 numpy && python make-golden.py > pictures.json
#
# The geometry (scaled size, window) is written here once more, from the words of docs/models.md, so that it is tested, too.

import base64, hashlib, io, json, math, sys
import numpy as np
import PIL
from PIL import Image

random = np.random.default_rng(7)


def scene(width, height, grain=12):
    """Smooth colors with edges and grain."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (5 + c)) + np.cos(y / (7 - c)) for c in range(3)]
    values = 128 + 50 * np.stack(waves, -1) + 60 * ((x // 9 + y // 6) % 2)[..., None] - 30
    return Image.fromarray(np.clip(values + random.normal(0, grain, values.shape), 0, 255).astype(np.uint8))


def encode(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def frame(image, height, width, resize, crop=1, padding=(0, 0, 0)):
    if resize == "stretch":
        return image.resize((width, height), Image.BICUBIC)
    ratios = [math.floor(width / crop + 0.5) / image.width, math.floor(height / crop + 0.5) / image.height]
    scale = max(ratios) if resize == "cover" else min(ratios)
    side = (lambda s: math.floor(s + 1e-6)) if crop < 1 else (lambda s: math.floor(s + 0.5))
    scaled = image.resize([max(1, side(s * scale)) for s in image.size], Image.BICUBIC)
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    if resize == "cover":
        return scaled.crop((left, top, left + width, top + height))
    color = tuple(padding) if image.mode == "RGB" else Image.new("RGB", (1, 1), tuple(padding)).convert("L").getpixel((0, 0))
    framed = Image.new(image.mode, (width, height), color)
    framed.paste(scaled, (-left, -top))
    return framed


SOURCES = {
    "wide": (scene(61, 37), "PNG", {}),
    "high": (scene(23, 150), "PNG", {}),
    "small": (scene(13, 9), "PNG", {}),
    "odd.jpeg": (scene(75, 53), "JPEG", {"quality": 88}),
    "fine.jpeg": (scene(64, 40), "JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
    "uneven.jpeg": (scene(215, 171), "JPEG", {"quality": 75}),
    "gray.jpeg": (scene(50, 41).convert("L"), "JPEG", {"quality": 90}),
    "line": (scene(300, 1), "PNG", {}),
}
FRAMINGS = [
    {"height": 24, "width": 24, "resize": "stretch"},
    {"height": 21, "width": 21, "resize": "cover", "crop": 0.875},
    {"height": 16, "width": 27, "resize": "cover"},
    {"height": 24, "width": 24, "resize": "contain", "padding": [10, 200, 90]},
    {"height": 64, "width": 90, "resize": "cover", "crop": 0.8},
]

cases = []
for name, (image, format, options) in SOURCES.items():
    source = encode(image, format, **options)
    decoded = Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB")
    for framing in FRAMINGS:
        for channels in (3, 1):
            pixels = frame(decoded if channels == 3 else decoded.convert("L"), **framing).tobytes()
            sha256 = hashlib.sha256(pixels).hexdigest()
            cases.append({"source": name, "input": {**framing, "channels": channels}, "sha256": sha256})

# What libvips reduces first: a picture of whole blocks that becomes much smaller, for which the mean difference is bounded.
large = scene(400, 264, grain=4)
reduced = {"height": 28, "width": 28, "resize": "cover", "crop": 0.875, "channels": 3}
source = encode(large, "JPEG", quality=75)
decoded = Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB")
framing = {key: value for key, value in reduced.items() if key != "channels"}
json.dump(
    {
        "madeBy": f"Pillow {PIL.__version__}",
        "sources": {n: encode(i, f, **o) for n, (i, f, o) in SOURCES.items()},
        "cases": cases,
        "reduced": {"source": source, "input": reduced, "pixels": base64.b64encode(frame(decoded, **framing).tobytes()).decode()},
    },
    sys.stdout,
    indent=1,
)
print()
