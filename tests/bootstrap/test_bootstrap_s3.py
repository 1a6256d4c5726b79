"""A bucket and a table are made and hardened, again and again, and never weakened."""

from __future__ import annotations

import threading

import pytest
from s3_fixtures import Site, changes

from moto_server import REGION, MotoServer
from purveyor import json_text
from purveyor.bootstrap.bucket_rules import MARKERS, PROBE, wanted_rules
from purveyor.errors import CatalogError
from purveyor.settings import Settings

KEY = f"arn:aws:kms:{REGION}:123456789012:key/5a1f5a1f-5a1f-5a1f-5a1f-5a1f5a1f5a1f"
OTHER_KEY = KEY.replace("5a1f", "6b2e")


@pytest.fixture
def settings(moto: MotoServer, clean_environment: dict[str, str]) -> Settings:
    return Settings(clean_environment | moto.environment())


@pytest.fixture
def site(moto: MotoServer, settings: Settings) -> Site:
    return Site(moto, settings)


def test_a_bucket_and_a_table_are_made_safe(site: Site) -> None:
    site.set_up()
    picture = site.picture()
    blocks = picture.pop("blocks")
    assert isinstance(blocks, dict)
    assert set(blocks.values()) == {True}
    assert len(blocks) == 4
    assert picture["versioning"] == "Enabled"
    assert "AES256" in str(picture["encryption"])
    assert (picture["protected"], picture["backups"]) == (True, "ENABLED")
    assert picture["keys"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]
    assert picture["billing"] == "PAY_PER_REQUEST"
    (statement,) = site.policy()["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{site.name}", f"arn:aws:s3:::{site.name}/*"]


def test_a_dry_run_tells_everything_and_changes_nothing(site: Site) -> None:
    told = site.set_up(dry_run=True)
    assert "bucket" in changes(told)
    assert "table" in changes(told)
    names = [each["Name"] for each in site.moto.s3().list_buckets()["Buckets"]]
    assert site.name not in names
    assert site.name not in site.moto.dynamodb().list_tables()["TableNames"]


def test_a_dry_run_sends_nothing_but_questions(site: Site) -> None:
    site.moto.make_bucket(site.name)
    site.moto.make_table(site.name)
    with site.moto.recording() as requests:
        told = site.set_up(dry_run=True)
    assert "bucket: encryption" in changes(told)
    assert requests
    asking = ("GET", "HEAD")
    about = ("DynamoDB_20120810.Describe", "DynamoDB_20120810.List")
    others = [
        each
        for each in requests
        if each.method not in asking
        and not each.target.startswith(about)
        and "GetCallerIdentity" not in each.body
    ]
    assert others == []


def test_the_second_run_finds_all_but_what_the_store_forgets_settled(site: Site) -> None:
    site.set_up()
    before = site.picture()
    # moto drops the lock rule's size limit, so that the rule stays out each time.
    assert changes(site.set_up(dry_run=True)) == ["bucket: old lock versions"]
    site.set_up()
    assert site.picture() == before


def test_a_store_that_forgets_the_size_limit_never_gets_the_rule(site: Site) -> None:
    measures = {each.what: each for each in site.set_up()}
    assert [each["ID"] for each in site.rules()] == [MARKERS]
    told = measures["bucket: old lock versions"]
    assert told.change == ""
    assert "size limit" in told.note


def test_every_region_but_the_first_is_named_to_s3(moto: MotoServer, settings: Settings) -> None:
    site = Site(moto, settings, region="eu-west-1", lock="lockfile", table=None)
    site.set_up()
    assert moto.s3().get_bucket_location(Bucket=site.name)["LocationConstraint"] == "eu-west-1"


def test_another_default_key_stays(moto: MotoServer, settings: Settings) -> None:
    site = Site(moto, settings, kms_key=KEY)
    moto.make_bucket(site.name)
    moto.s3().put_bucket_encryption(
        Bucket=site.name,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": OTHER_KEY,
                    }
                }
            ]
        },
    )
    measures = {each.what: each for each in site.set_up()}
    assert OTHER_KEY in str(site.picture()["encryption"])
    assert KEY in measures["bucket: encryption"].note


def test_every_statement_of_a_policy_stays(site: Site) -> None:
    site.moto.make_bucket(site.name)
    theirs = {
        "Sid": "PurveyorTlsOnly",  # our name for something else
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObjectVersion",
        "Resource": f"arn:aws:s3:::{site.name}/*",
    }
    policy = json_text.write({"Version": "2012-10-17", "Id": "theirs", "Statement": theirs})
    site.moto.s3().put_bucket_policy(Bucket=site.name, Policy=policy)
    site.set_up()
    assert site.policy()["Id"] == "theirs"
    first, ours = site.policy()["Statement"]
    assert first == theirs
    assert ours["Sid"] != theirs["Sid"]


def test_rules_of_others_stay_and_are_told_when_they_remove_versions(site: Site) -> None:
    site.moto.make_bucket(site.name)
    site.moto.s3().put_bucket_lifecycle_configuration(
        Bucket=site.name,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "tidy",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "reports/"},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                }
            ]
        },
    )
    (before,) = site.rules()
    told = {each.what: each for each in site.set_up(dry_run=True)}["bucket: old lock versions"]
    assert "tidy" in told.note
    site.set_up()
    assert before in site.rules()


def test_a_key_in_the_catalog_strengthens_what_had_none(
    moto: MotoServer, settings: Settings
) -> None:
    site = Site(moto, settings, kms_key=KEY)
    moto.make_bucket(site.name)
    site.set_up()
    assert KEY in str(site.picture()["encryption"])
    table = moto.dynamodb().describe_table(TableName=site.name)["Table"]
    assert KEY in str(table["SSEDescription"])


def test_a_provisioned_table_keeps_its_capacity(site: Site) -> None:
    site.moto.dynamodb().create_table(
        TableName=site.name,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    measures = {each.what: each for each in site.set_up()}
    assert "provisioned" in measures["table"].now
    table = site.moto.dynamodb().describe_table(TableName=site.name)["Table"]
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 5
    assert table["DeletionProtectionEnabled"]


def test_a_table_with_another_key_is_left_alone(site: Site) -> None:
    site.moto.dynamodb().create_table(
        TableName=site.name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(CatalogError) as caught:
        site.set_up()
    assert "LockID" in caught.value.message
    names = [each["Name"] for each in site.moto.s3().list_buckets()["Buckets"]]
    assert site.name not in names


@pytest.mark.parametrize("taken", [1, 4, 8])
def test_a_run_that_was_killed_in_the_middle_is_finished_by_the_next(
    site: Site, taken: int
) -> None:
    steps = [each.take for each in site.store()() if each.take is not None]
    assert len(steps) > taken
    for step in steps[:taken]:
        step()
    site.set_up()
    whole = Site(site.moto, site.settings)
    whole.set_up()
    assert json_text.write(site.picture()) == json_text.write(whole.picture()).replace(
        whole.name, site.name
    )


def test_a_probe_that_a_killed_run_left_is_taken_away(site: Site) -> None:
    site.moto.make_bucket(site.name)
    left = [*wanted_rules(""), {**wanted_rules("")[0], "ID": PROBE, "Status": "Disabled"}]
    site.moto.s3().put_bucket_lifecycle_configuration(
        Bucket=site.name,
        LifecycleConfiguration={"Rules": left},  # type: ignore[typeddict-item]  # literal
    )
    site.set_up()
    assert PROBE not in [each["ID"] for each in site.rules()]


def test_two_runs_at_once_both_end_well(site: Site) -> None:
    faults: list[BaseException] = []
    start = threading.Barrier(2)

    def run() -> None:
        store = site.store()
        measures = store()
        start.wait(timeout=20)
        try:
            for each in measures:
                if each.take is not None:
                    each.take()
        except BaseException as error:  # noqa: BLE001 - told to the test
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert faults == []
    assert len(site.policy()["Statement"]) == 1
    assert site.picture()["protected"] is True
