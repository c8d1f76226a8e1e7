# Decodes and scales pictures with Pillow, one for each line of JSON on standard input, and answers with
# milliseconds: elapsed, and of the processor.

import io, json, sys, time
from PIL import Image

for line in sys.stdin:
    task = json.loads(line)
    with open(task["file"], "rb") as file:
        encoded = file.read()
    began, before = time.perf_counter(), time.process_time()
    image = Image.open(io.BytesIO(encoded))
    if task["draft"]:
        image.draft("RGB", task["scaled"])
    left, top, width, height = task["window"]
    scaled = image.convert("RGB").resize(task["scaled"], Image.BICUBIC)
    scaled.crop((left, top, left + width, top + height)).tobytes()
    print(1000 * (time.perf_counter() - began), 1000 * (time.process_time() - before), flush=True)
