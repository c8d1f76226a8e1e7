"""Serves moto, with what the project's stack needs of CloudFormation and moto lacks.

Run as: python3 aws-stand-in.py -H 127.0.0.1 -p 5555
"""

import json
import os
import sys
import threading
from types import SimpleNamespace

import moto.server
from moto.awslambda import urls as lambda_urls
from moto.awslambda.models import LambdaVersion, lambda_backends
from moto.batch import models as batch
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import JsonRESTError
from moto.ecr.models import ECRBackend
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket
from moto.secretsmanager.models import secretsmanager_backends
from moto.servicequotas.models import ServiceQuotasBackend

SERVICE_LINKED_ROLE = "AWSServiceRoleForBatch"


def give_arn_as(model, attribute):
    """Lets Fn::GetAtt read a model's ARN."""

    def get(self, name):
        if name == attribute:
            return self.arn
        raise UnformattedGetAttTemplateException()

    model.has_cfn_attr = classmethod(lambda cls, name: name == attribute)
    model.get_cfn_attribute = get


give_arn_as(batch.ComputeEnvironment, "ComputeEnvironmentArn")
give_arn_as(batch.JobQueue, "JobQueueArn")
give_arn_as(batch.JobDefinition, "JobDefinitionArn")

create_compute_environment = batch.ComputeEnvironment.create_from_cloudformation_json.__func__


def create_with_service_linked_role(cls, resource_name, cloudformation_json, account_id, region_name, **rest):
    """AWS Batch has a role of its own where a template names none, and takes its types in any case."""
    properties = cloudformation_json["Properties"]
    properties["Type"] = properties["Type"].upper()
    if "ServiceRole" not in properties:
        iam = iam_backends[account_id]["aws"]
        role = next((known for known in iam.roles.values() if known.name == SERVICE_LINKED_ROLE), None)
        if role is None:
            role = iam.create_role(
                role_name=SERVICE_LINKED_ROLE,
                assume_role_policy_document="{}",
                path="/aws-service-role/batch.amazonaws.com/",
                permissions_boundary=None,
                description="",
                tags=[],
                max_session_duration=3600,
            )
        properties["ServiceRole"] = role.arn
    return create_compute_environment(cls, resource_name, cloudformation_json, account_id, region_name, **rest)


batch.ComputeEnvironment.create_from_cloudformation_json = classmethod(create_with_service_linked_role)


run_simple = moto.server.run_simple
conditional_write = threading.Lock()


def run_with_conditions(host, port, app, **options):
    """Lets writes that name an etag take turns: moto checks it in one step and writes in the next, and two that name the same
    one may both win, which S3 rules out."""

    def answer(environ, start_response):
        if "HTTP_IF_MATCH" not in environ and "HTTP_IF_NONE_MATCH" not in environ:
            return app(environ, start_response)
        with conditional_write:
            return app(environ, start_response)

    run_simple(host, port, answer, **options)


moto.server.run_simple = run_with_conditions

get_container_property = batch.Job._get_container_property


def get_with_array_index(self, name, default):
    """AWS Batch tells each child of an array which of them it is."""
    value = get_container_property(self, name, default)
    if name != "environment" or "index" not in self.array_properties:
        return value
    return [*value, {"name": "AWS_BATCH_JOB_ARRAY_INDEX", "value": str(self.array_properties["index"])}]


batch.Job._get_container_property = get_with_array_index


class Unchanging:
    """A resource that an update leaves as it is."""

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, *_args, **_rest):
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_args, **_rest):
        pass


class FunctionUrl(Unchanging, CloudFormationModel):
    # moto sorts its models by the name of their module.
    __module__ = "moto.awslambda.models"
    cloudformation_name_type = staticmethod(lambda: "")
    cloudformation_type = staticmethod(lambda: "AWS::Lambda::Url")

    def __init__(self, config):
        self.arn = self.physical_resource_id = config.function.function_arn
        self.url = f"{config.url}/"

    @classmethod
    def has_cfn_attr(cls, name):
        return name in ("FunctionArn", "FunctionUrl")

    def get_cfn_attribute(self, name):
        return self.url if name == "FunctionUrl" else self.arn

    @classmethod
    def create_from_cloudformation_json(cls, _resource_name, cloudformation_json, account_id, region_name, **_rest):
        properties = cloudformation_json["Properties"]
        backend = lambda_backends[account_id][region_name]
        return cls(backend.create_function_url_config(properties["TargetFunctionArn"], properties))


def update_job_definition(cls, new_resource_name, cloudformation_json, account_id, region_name, **_rest):
    """A changed job definition is another revision of it. moto forgets the resource."""
    return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)


batch.JobDefinition.update_from_cloudformation_json = classmethod(update_job_definition)

# moto updates buckets with a name of their own alone. What a bucket keeps is not tried here.
FakeBucket.update_from_cloudformation_json = Unchanging.update_from_cloudformation_json


def version_attribute(self, name):
    if name == "Version":
        return str(self.version)
    raise UnformattedGetAttTemplateException()


LambdaVersion.has_cfn_attr = classmethod(lambda cls, name: name == "Version")
LambdaVersion.get_cfn_attribute = version_attribute
# A version never changes: an update makes another.
LambdaVersion.delete_from_cloudformation_json = classmethod(lambda cls, *_args, **_rest: None)


class FunctionAlias(CloudFormationModel):
    __module__ = "moto.awslambda.models"
    cloudformation_name_type = staticmethod(lambda: "Name")
    cloudformation_type = staticmethod(lambda: "AWS::Lambda::Alias")

    def __init__(self, arn):
        self.arn = self.physical_resource_id = arn

    @classmethod
    def put(cls, call, properties, account_id, region_name):
        change = getattr(lambda_backends[account_id][region_name], call)
        alias = change(properties["Name"], properties["FunctionName"], str(properties["FunctionVersion"]), "", None)
        return cls(alias.arn)

    @classmethod
    def create_from_cloudformation_json(cls, _resource_name, cloudformation_json, account_id, region_name, **_rest):
        return cls.put("create_alias", cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(cls, cloudformation_json, account_id, region_name, **_rest):
        return cls.put("update_alias", cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(cls, *_args, **_rest):
        pass


class Alarm(Unchanging, CloudFormationModel):
    """Has a name and never rings."""

    __module__ = "moto.cloudwatch.models"
    cloudformation_name_type = staticmethod(lambda: "AlarmName")
    cloudformation_type = staticmethod(lambda: "AWS::CloudWatch::Alarm")

    def __init__(self, name, account_id, region_name):
        self.physical_resource_id = name
        self.arn = f"arn:aws:cloudwatch:{region_name}:{account_id}:alarm:{name}"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, _cloudformation_json, account_id, region_name, **_rest):
        return cls(resource_name, account_id, region_name)


give_arn_as(Alarm, "Arn")


class Secret(Unchanging, CloudFormationModel):
    __module__ = "moto.secretsmanager.models"
    cloudformation_name_type = staticmethod(lambda: "Name")
    cloudformation_type = staticmethod(lambda: "AWS::SecretsManager::Secret")

    def __init__(self, arn):
        self.arn = self.physical_resource_id = arn

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_rest):
        properties = cloudformation_json["Properties"]
        backend = secretsmanager_backends[account_id][region_name]
        wanted = properties["GenerateSecretString"]
        password = backend.get_random_password(
            password_length=int(wanted["PasswordLength"]),
            exclude_characters="",
            exclude_numbers=False,
            exclude_punctuation=bool(wanted.get("ExcludePunctuation")),
            exclude_uppercase=False,
            exclude_lowercase=False,
            include_space=False,
            require_each_included_type=True,
        )
        password = json.loads(password)["RandomPassword"]
        value = {**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: password}
        created = backend.create_secret(
            name=resource_name,
            secret_string=json.dumps(value),
            secret_binary=None,
            description=properties.get("Description"),
            tags=[],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(created)["ARN"])


# What an account is allowed and has: {"quotas": {"L-DB2E81BA": 8}, "concurrency": 10, "denied": ["servicequotas:GetServiceQuota"],
# "hasImages": true}.
account = json.loads(os.environ.get("STAND_IN_ACCOUNT", "{}"))
get_other_quota = ServiceQuotasBackend.get_service_quota


def get_service_quota(self, service_code, quota_code):
    """moto knows quotas of networks alone."""
    if "servicequotas:GetServiceQuota" in account.get("denied", []):
        raise JsonRESTError("AccessDeniedException", "You are not authorized to perform this operation.")
    value = account.get("quotas", {}).get(quota_code)
    if value is None:
        return get_other_quota(self, service_code, quota_code)
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": value}


ServiceQuotasBackend.get_service_quota = get_service_quota


def get_account_settings(request, _full_url, headers):
    """moto's AWS Lambda says nothing of the account."""
    limit = account.get("concurrency", 1000)
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}
    return 200, headers, json.dumps({"AccountLimit": limits, "AccountUsage": {}})


describe_images = ECRBackend.describe_images


def describe_any_image(self, repository_name, registry_id=None, image_ids=None):
    """The registry takes no images. An account that has them all is asked to build none."""
    if account.get("hasImages") and image_ids:
        return [SimpleNamespace(image_digest="sha256:0", image_tags=[one.get("imageTag") for one in image_ids])]
    return describe_images(self, repository_name, registry_id, image_ids)


ECRBackend.describe_images = describe_any_image

lambda_urls.url_paths["{0}/2016-08-19/account-settings/?$"] = get_account_settings

if __name__ == "__main__":
    moto.server.main(sys.argv[1:])
