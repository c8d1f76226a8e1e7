"""Asks the server of tests/protocols/main.ts by the clients of other people. Arguments: protocol, URL, API key, picture."""

import base64
import sys

protocol, url, key, picture = sys.argv[1:]
with open(picture, "rb") as file:
    content = file.read()
host = url.split("://")[1]


def expect(label, score):
    assert label == "red", label
    assert 0.5 < score <= 1, score
    print(f"red {score:.4f}")


def headers():
    """New ones for each request, since a client may add to them."""
    return {"Authorization": f"Bearer {key}"}


def open_inference():
    import numpy
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    client = triton.InferenceServerClient(host)
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("color", headers=headers())
    assert client.is_model_ready("color", model_version="1", headers=headers())
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata("color", headers=headers())["inputs"][0]["datatype"] == "BYTES"
    pictures = numpy.array([content, content], dtype=numpy.object_)
    for is_binary in (True, False):
        image = triton.InferInput("image", [2], "BYTES")
        data = pictures if is_binary else numpy.array([base64.b64encode(content)] * 2, dtype=numpy.object_)
        image.set_data_from_numpy(data, binary_data=is_binary)
        outputs = [
            triton.InferRequestedOutput(name, binary_data=is_binary) for name in ("label", "score", "probabilities")
        ]
        result = client.infer("color", [image], outputs=outputs, request_id="7", headers=headers())
        assert result.get_response()["id"] == "7"
        assert result.as_numpy("probabilities").shape == (2, 3)
        label = result.as_numpy("label")[1]
        score = float(result.as_numpy("score")[1])
    classes = triton.InferRequestedOutput("probabilities", binary_data=False, class_count=2)
    texts = client.infer("color", [image], outputs=[classes], headers=headers()).as_numpy("probabilities")
    assert texts.shape == (2, 2), texts
    try:
        client.infer("none", [image], headers=headers())
        raise AssertionError("a model that is not there was asked")
    except InferenceServerException as error:
        assert "none" in str(error), error
    expect(label.decode() if isinstance(label, bytes) else label, score)


def ask_json(path, body=None):
    """Plain HTTP, for what has no client of its own. Answers the status and the JSON."""
    import json
    import urllib.error
    import urllib.request

    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {**headers(), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def tensorflow_serving():
    assert ask_json("/v1/models/color")[1]["model_version_status"][0]["state"] == "AVAILABLE"
    assert ask_json("/v1/models/color/metadata")[1]["model_spec"]["name"] == "color"
    image = {"b64": base64.b64encode(content).decode()}
    rows = ask_json("/v1/models/color/versions/1:predict", {"instances": [image, {"image_bytes": image}]})[1]
    classes = ask_json("/v1/models/color:classify", {"examples": [{"image_bytes": image}]})[1]["results"]
    assert classes[0][0][0] == "red", classes
    status, answer = ask_json("/v1/models/none:predict", {"instances": [image]})
    assert status == 404 and "none" in answer["error"], answer
    expect(rows["predictions"][1]["label"], rows["predictions"][1]["score"])


def hugging_face():
    from huggingface_hub import InferenceClient

    client = InferenceClient(model=f"{url}/models/color", token=key)
    answers = client.image_classification(content)
    assert len(client.image_classification(picture, top_k=2)) == 2
    expect(answers[0].label, answers[0].score)


def custom_vision():
    from azure.cognitiveservices.vision.customvision.prediction import CustomVisionPredictionClient
    from azure.cognitiveservices.vision.customvision.prediction.models import CustomVisionErrorException
    from msrest.authentication import ApiKeyCredentials

    project = "11111111-2222-3333-4444-555555555555"
    client = CustomVisionPredictionClient(url, ApiKeyCredentials(in_headers={"Prediction-key": key}))
    answer = client.classify_image(project, "color", content)
    assert answer.project == project and answer.created is not None
    best = client.classify_image_with_no_store(project, "color", content).predictions[0]
    try:
        client.classify_image(project, "none", content)
        raise AssertionError("a model that is not there was asked")
    except CustomVisionErrorException as error:
        assert error.error.code == "model-not-found", error
    expect(best.tag_name, best.probability)


def rekognition():
    import boto3

    client = boto3.client(
        "rekognition",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key="not looked at",
    )
    arn = "arn:aws:rekognition:eu-west-1:123456789012:project/{}/version/1/1700000000000"
    image = {"Bytes": content}
    labels = client.detect_custom_labels(ProjectVersionArn=arn.format("color"), Image=image, MinConfidence=0)
    assert len(labels["CustomLabels"]) == 3
    best = client.detect_custom_labels(ProjectVersionArn=arn.format("color"), Image=image)["CustomLabels"][0]
    for exception, asked in (
        (client.exceptions.ResourceNotFoundException, {"ProjectVersionArn": arn.format("none"), "Image": image}),
        (
            client.exceptions.InvalidImageFormatException,
            {"ProjectVersionArn": arn.format("color"), "Image": {"Bytes": b"no picture"}},
        ),
    ):
        try:
            client.detect_custom_labels(**asked)
            raise AssertionError(f"no {exception}")
        except exception:
            pass
    expect(best["Name"], best["Confidence"] / 100)


def roboflow():
    import numpy
    from inference_sdk import InferenceHTTPClient
    from PIL import Image

    client = InferenceHTTPClient(api_url=url, api_key=key)
    pixels = numpy.asarray(Image.open(picture).convert("RGB"))[:, :, ::-1].copy()
    for of_server in (True, False):
        client.select_api_v1() if of_server else client.select_api_v0()
        answer = client.infer(pixels, model_id="color/1")
        assert answer["image"]["width"] == pixels.shape[1], answer
    expect(answer["top"], answer["confidence"])


def webhooks():
    """What a receiver was told is in the place of the picture."""
    import json

    from openai import InvalidWebhookSignatureError, OpenAI
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    told = json.loads(content)
    body, told_headers, secret = told["body"], told["headers"], told["secret"]
    event = Webhook(secret).verify(body, told_headers)
    assert event["type"] == "webhook.test" and event["id"] == told_headers["webhook-id"], event
    client = OpenAI(api_key=key, base_url=f"{url}/v1", webhook_secret=secret)
    assert client.webhooks.unwrap(body, told_headers).id == event["id"]
    tampered = body.replace("webhook.test", "batch.completed")
    for refuse, exception in (
        (lambda: Webhook(secret).verify(tampered, told_headers), WebhookVerificationError),
        (lambda: client.webhooks.unwrap(tampered, told_headers), InvalidWebhookSignatureError),
    ):
        try:
            refuse()
        except exception:
            continue
        raise AssertionError(f"no {exception}")
    print(event["id"])


def metrics():
    import urllib.request

    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    request = urllib.request.Request(f"{url}/metrics", headers=headers())
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["content-type"].startswith("application/openmetrics-text"), answer.headers
        text = answer.read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    durations = families["fovea_prediction_duration_seconds"]
    assert durations.type == "histogram"
    labels = {(sample.labels["model"], sample.labels["version"]) for sample in durations.samples}
    assert labels == {("color", "1")}, labels
    assert {"fovea_requests", "fovea_lane_refused", "fovea_model_loads", "fovea_jobs", "process_cpu_seconds"} <= set(families)
    print(f"{len(families)} families")


def metrics_elsewhere():
    status, answer = ask_json("/metrics")
    assert status == 404 and "CloudWatch" in answer["error"]["message"], answer
    print("CloudWatch has them")


def openai():
    import io
    import json
    import time
    import zipfile

    from openai import (
        AuthenticationError,
        BadRequestError,
        ConflictError,
        NotFoundError,
        OpenAI,
        PermissionDeniedError,
        RateLimitError,
    )
    from openai.pagination import SyncCursorPage, SyncPage

    client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)

    def strict(answer):
        """The client builds its models without a check: here each is checked, so that nothing it requires is missing."""
        if isinstance(answer, (SyncPage, SyncCursorPage)):
            for one in answer.data:
                strict(one)
        else:
            type(answer).model_validate(answer.to_dict(mode="json"))
        return answer

    def refused(ask, kind, code, param=None):
        try:
            ask()
        except kind as error:
            assert (error.code, error.type) == (code, "invalid_request_error"), error
            assert param is None or error.param == param, error
        else:
            raise AssertionError(f"{code} was expected")

    endpoint = "/v1/models/color/predict"
    encoded = base64.b64encode(content).decode()
    bodies = {"base64": {"image": encoded}, "data": {"image_url": f"data:image/png;base64,{encoded}"}}
    lines = [{"custom_id": i, "method": "POST", "url": endpoint, "body": body} for i, body in bodies.items()]
    text = "\n".join(json.dumps(line) for line in lines).encode()
    file = strict(client.files.create(file=("requests.jsonl", text), purpose="batch"))
    assert client.files.content(file.id).read() == text
    assert strict(client.files.retrieve(file.id)).filename == "requests.jsonl"
    batch = strict(client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h"))
    until = time.time() + 300
    while batch.status != "completed":
        assert batch.status in ("validating", "in_progress", "finalizing") and time.time() < until, batch
        time.sleep(0.2)
        batch = strict(client.batches.retrieve(batch.id))
    strict(client.files.retrieve(batch.output_file_id))
    answers = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert [answer["custom_id"] for answer in answers] == ["base64", "data"]
    assert batch.error_file_id is None
    assert batch.id in [one.id for one in client.batches.list(limit=1)]
    strict(client.batches.list())

    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for label in ("a", "b"):
            archive.writestr(f"{label}/1.png", content)
    pictures = memory.getvalue()
    upload = client.uploads.upload_file_chunked(
        file=pictures,
        filename="pictures.zip",
        bytes=len(pictures),
        mime_type="application/zip",
        purpose="fine-tune",
        part_size=100,
    )
    dataset = strict(strict(upload).file)
    assert dataset.bytes == len(pictures)
    listed = [one.id for one in client.files.list(limit=1)]
    assert listed == [dataset.id, file.id], listed
    assert [one.id for one in client.files.list(purpose="batch", order="asc")] == [file.id]
    assert strict(client.files.list()).data[0].purpose == "fine-tune"

    jobs = client.fine_tuning.jobs
    job = strict(jobs.create(model="small_cnn", training_file=dataset.id, suffix="python", metadata={"by": "python"}))
    assert [one.id for one in jobs.list(metadata={"by": "python"})] == [job.id]
    strict(jobs.list())
    # What it comes to does not matter here.
    while strict(jobs.cancel(job.id)).status != "cancelled":
        time.sleep(0.2)
        if jobs.retrieve(job.id).status in ("cancelled", "failed"):
            break
    strict(jobs.list_events(job.id))
    strict(jobs.checkpoints.list(job.id))
    refused(lambda: jobs.cancel(job.id), ConflictError, "job-finished")
    assert "color" in [one.id for one in strict(client.models.list())]
    strict(client.models.retrieve("color"))

    wrong = client.with_options(api_key="wrong")
    refused(lambda: wrong.models.list(), AuthenticationError, "api-key-invalid", "Authorization")
    refused(lambda: client.files.retrieve("file-none"), NotFoundError, "file-not-found", "file_id")
    refused(lambda: client.models.delete("none"), NotFoundError, "model-not-found", "model")
    refused(
        lambda: jobs.create(model="small_cnn", training_file=file.id),
        BadRequestError,
        "file-invalid",
        "training_file",
    )

    def with_key(**terms):
        return client.with_options(api_key=client.post("/keys", cast_to=object, body=terms)["secret"])

    predicts = with_key(name="python-predicts", scopes=["predict"])
    refused(lambda: predicts.files.create(file=pictures, purpose="fine-tune"), PermissionDeniedError, "scope-missing")
    seldom = with_key(name="python-seldom", scopes=["predict"], requests_per_minute=1)
    seldom.models.list()
    refused(lambda: seldom.models.list(), RateLimitError, "rate-limited")
    for one in (file.id, batch.output_file_id, dataset.id):
        assert strict(client.files.delete(one)).deleted
    best = answers[0]["response"]["body"]
    expect(best["label"], best["score"])


def cvat():
    import importlib.util
    import logging
    import os
    from types import SimpleNamespace

    import PIL.Image
    from cvat_sdk.auto_annotation import driver

    os.environ["FOVEA_API_KEY"] = key
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/cvat/fovea_function.py")
    spec = importlib.util.spec_from_file_location("fovea_function", place)
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    function = code.create(url=url, model="color:1")
    # The labels of a task have ids of their own, as the driver maps them.
    labels = [
        SimpleNamespace(name=name, id=70 + at, type="tag", attributes=[], sublabels=[])
        for at, name in enumerate(("blue", "green", "red"))
    ]
    mapper = driver._AnnotationMapper(
        logging.getLogger(), function.spec.labels, labels, allow_unmatched_labels=False, conv_mask_to_poly=False
    )
    image = PIL.Image.open(picture)

    def tags(threshold):
        context = driver._DetectionFunctionContextImpl(frame_name="red.png", conf_threshold=threshold)
        return mapper.validate_and_remap(function.detect(context, image), 5)[0]

    (tag,) = tags(None)
    assert (tag.label_id, tag.frame) == (72, 5), tag
    assert tags(1.0) == []
    print("red")


{
    "cvat": cvat,
    "openai": openai,
    "metrics": metrics,
    "metrics-elsewhere": metrics_elsewhere,
    "tensorflow-serving": tensorflow_serving,
    "webhooks": webhooks,
    "open-inference": open_inference,
    "hugging-face": hugging_face,
    "custom-vision": custom_vision,
    "rekognition": rekognition,
    "roboflow": roboflow,
}[protocol]()
