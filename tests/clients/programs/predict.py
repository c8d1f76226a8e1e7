"""A program of a user: has a picture predicted in every way, by the client of openapi-python-client. Run by ../main.ts."""

import base64
import sys
from io import BytesIO
from pathlib import Path

from fovea_client import Client
from fovea_client.api.models import predict
from fovea_client.models import PredictForm, Prediction, PredictionList, PredictRequest
from fovea_client.types import File

url, model, path = sys.argv[1:]
client = Client(base_url=url)
picture = Path(path).read_bytes()
image = base64.b64encode(picture).decode()


def file():
    return File(payload=BytesIO(picture), file_name="red.png", mime_type="image/png")


for body in [file(), PredictForm(image=[file()]), PredictForm(image=[file()], top_k=1), PredictRequest(image=image)]:
    answer = predict.sync(model, client=client, body=body)
    assert isinstance(answer, Prediction) and answer.label == "red", (type(body), answer)

form = PredictForm(image=[file()], top_k=1)
answer = predict.sync(model, client=client, body=form, top_k=1)
assert isinstance(answer, Prediction) and len(answer.predictions) == 1, answer

for body in [PredictForm(image=[file(), file()]), PredictRequest(images=[image, image])]:
    answer = predict.sync(model, client=client, body=body)
    assert isinstance(answer, PredictionList) and len(answer.data) == 2, (type(body), answer)

print("predicted by file, form and JSON")
