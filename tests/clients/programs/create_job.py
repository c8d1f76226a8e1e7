"""A program of a user: creates a job and reads it, by the client that openapi-python-client makes. Run by ../main.ts."""

import sys

from fovea_client import Client
from fovea_client.api.fine_tuning import create_fine_tuning_job, get_fine_tuning_job
from fovea_client.models import CreatedFineTuningJob, CreateFineTuningJob, Error, FineTuningJob

url, dataset = sys.argv[1:]
client = Client(base_url=url)

settings = {
    "hyperparameters": {"n_epochs": 1, "batch_size": "auto"},
    "recipe": {"augmentation": {"flip": 0.5}, "first_layer_rate": "auto"},
    "sweep": {"learning_rate_multiplier": ["auto", 0.3]},
}
request = CreateFineTuningJob.from_dict({"model": "small_cnn", "training_file": dataset, **settings})
assert request.to_dict() == {"model": "small_cnn", "training_file": dataset, **settings}, request
created = create_fine_tuning_job.sync(client=client, body=request)
assert isinstance(created, CreatedFineTuningJob), created
assert created.hyperparameters.n_epochs == 1, created.hyperparameters
assert created.estimate is not None and created.estimate.seconds > 0, created.estimate

read = get_fine_tuning_job.sync(created.id, client=client)
assert isinstance(read, FineTuningJob) and read.id == created.id, read

missing = get_fine_tuning_job.sync("ftjob-none", client=client)
assert isinstance(missing, Error) and missing.error.code == "job-not-found", missing

print(f"{read.status}, estimate {created.estimate.seconds} s")
