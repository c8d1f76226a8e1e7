# Prints the three likeliest classes of Keras's MobileNetV2 for the photographs that imported-model.test.ts asks about.
#
#   pip install keras==3.15.1 tensorflow-cpu==2.21.0 pillow==13.0.0 && python make-keras-answers.py ../../../../shared/data
#
# `center`: the short side scaled to 256, the longer one rounded down, and the center 224 x 224 cut out. `whole`: scaled to 224 x 224.

import glob, os, sys
import keras
import numpy as np
from PIL import Image, ImageOps

data = sys.argv[1]
model = keras.applications.MobileNetV2(weights=None)
model.load_weights(os.path.join(data, "weights/mobilenet_v2_1.0_224.h5"))


def center(image):
    scale = 256 / min(image.size)
    width, height = (int(side * scale + 1e-6) for side in image.size)
    left, top = (width - 224) // 2, (height - 224) // 2
    return image.resize((width, height), Image.BICUBIC).crop((left, top, left + 224, top + 224))


for name, frame in (("center", center), ("whole", lambda image: image.resize((224, 224), Image.BICUBIC))):
    for file in sorted(glob.glob(os.path.join(data, "photos/single/*"))):
        image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        pixels = np.asarray(frame(image), np.float32)[None]
        scores = model.predict(keras.applications.mobilenet_v2.preprocess_input(pixels), verbose=0)[0]
        best = [(int(i), round(float(scores[i]), 6)) for i in np.argsort(-scores)[:3]]
        print(name, os.path.basename(file), best)
