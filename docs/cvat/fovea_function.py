"""A function for CVAT's automatic annotation: tags pictures with the label that a model of Fovea gives them.

    pip install cvat-cli
    export FOVEA_API_KEY=…       where the server has keys
    cvat-cli --server-host https://app.cvat.ai --auth USER task auto-annotate TASK \\
        --function-file fovea_function.py -p url=str:https://fovea.example.com -p model=str:fruit

The labels of the task have the names of the model's, and the type "tag" or "any". A picture that the model rejects, or whose score is
below the threshold that CVAT asks for, gets no tag.
"""

import io
import json
import os
import urllib.request
from urllib.parse import quote

import cvat_sdk.auto_annotation as cvataa
import PIL.Image


class FoveaFunction:
    """Asks a server of Fovea by HTTP. `model` may name a version: `fruit:3`, which keeps a task's tags those of one model."""

    def __init__(self, url: str = "http://127.0.0.1:8787", model: str = "fruit"):
        key = os.environ.get("FOVEA_API_KEY")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._address = f"{url.rstrip('/')}/v1/models/{quote(model, safe=':')}"
        labels = self._ask("", None)["labels"]
        self._ids = {label: index for index, label in enumerate(labels)}
        self.spec = cvataa.DetectionFunctionSpec(
            labels=[cvataa.label_spec(label, index, type="tag") for label, index in self._ids.items()]
        )

    def _ask(self, path: str, picture: bytes | None) -> dict:
        headers = self._headers if picture is None else {**self._headers, "Content-Type": "image/png"}
        request = urllib.request.Request(self._address + path, data=picture, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def detect(self, context: cvataa.DetectionFunctionContext, image: PIL.Image.Image) -> list:
        picture = io.BytesIO()
        image.convert("RGB").save(picture, "PNG")
        answer = self._ask("/predict", picture.getvalue())
        if answer["rejected"] or answer["score"] < (context.conf_threshold or 0):
            return []
        return [cvataa.tag(self._ids[answer["label"]])]


create = FoveaFunction
