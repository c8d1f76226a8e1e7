"""Asks the server of tests/protocols/main.ts by Label Studio's own connector. Arguments: URL, API key, picture, folder for its settings."""

import base64
import os
import sys
from datetime import datetime, timezone
from types import SimpleNamespace

url, key, picture, folder = sys.argv[1:]
folder = os.path.abspath(folder)
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
os.environ["LABEL_STUDIO_BASE_DATA_DIR"] = folder
# It calls nobody, and may ask a server of this machine.
os.environ.update(COLLECT_ANALYTICS="0", LATEST_VERSION_CHECK="0", SENTRY_DSN="", FRONTEND_SENTRY_DSN="", ML_BLOCK_LOCAL_IP="0")

import label_studio

sys.path.insert(0, os.path.dirname(label_studio.__file__))

import django

django.setup()

from label_studio_sdk.label_interface import LabelInterface
from ml.api_connector import MLApi

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <Choices name="color" toName="image">
    <Choice value="red"/><Choice value="green"/><Choice value="blue"/>
  </Choices>
</View>"""
with open(picture, "rb") as file:
    content = "data:image/png;base64," + base64.b64encode(file.read()).decode()
project = SimpleNamespace(
    id=7,
    created_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
    label_config=CONFIG,
    task_data_login=None,
    task_data_password=None,
    created_by=SimpleNamespace(auth_token=SimpleNamespace(key="not looked at")),
)


def connect(password, model="color"):
    return MLApi(
        url=f"{url}/label-studio/{model}",
        auth_method="BASIC_AUTH",
        basic_auth_user="anybody",
        basic_auth_pass=password,
    )


def answer_of(result):
    assert not result.is_error, result.response
    return result.response


api = connect(key)
assert answer_of(api.health())["status"] == "UP"
version = answer_of(api.setup(project))["model_version"]
assert version == "color:1", version
assert answer_of(api.get_versions(project))["versions"] == [version]
tasks = [
    {"id": 1, "project": 7, "data": {"image": content}},
    {"id": 2, "project": 7, "data": {"image": "/data/upload/7/gone.png"}},
]
answer = answer_of(api.make_predictions(tasks, project))
first, second = answer["results"]
assert LabelInterface(CONFIG).validate_prediction(first), first
assert second["result"] == [] and second["score"] == 0, second
for refused in (connect("a-key-that-nobody-has-made"), connect(key, "none")):
    assert refused.setup(project).is_error
label = first["result"][0]["value"]["choices"][0]
assert label == "red" and 0.5 < first["score"] <= 1, first
print(f"{label} {first['score']:.4f}")
