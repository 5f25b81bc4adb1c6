"""S3 as it really is: Ceph's gateway looks at signatures and times, fills up, and outlives killed processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sfr.destinations.s3.destination import S3
from sfr.errors import AuthError, DeliveryError, TransientError
from tests.buckets import PART_BYTES, Bucket, client_of, large, new_bucket, parcel, stop_at
from tests.servers import radosgw
from tests.servers.cutting import CuttingProxy
from tests.shelves import refusal_of

pytestmark = pytest.mark.slow

OLD = b"a\nold\n"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def bucket() -> Bucket:
    return new_bucket()


@pytest.fixture
def filled(bucket: Bucket, tmp_path: Path) -> Bucket:
    """A bucket where yesterday's file is."""
    S3(bucket.settings()).deliver([parcel(tmp_path, OLD)])
    return bucket


# Links


def test_a_link_works_until_it_expires_and_then_never_again(bucket: Bucket, tmp_path: Path) -> None:
    destination = S3(bucket.settings(link_seconds=3))
    (told,) = destination.deliver([parcel(tmp_path, OLD, "Umsätze/März 1.csv")])
    answer = requests.get(told.link, timeout=30)
    assert (answer.status_code, answer.content) == (200, OLD)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    time.sleep(max((told.link_expires_at or 0) - time.time(), 0) + 2)  # what is tested is time itself
    assert requests.get(told.link, timeout=30).status_code == 403
    assert requests.get(destination.link(told).link, timeout=30).content == OLD


def test_a_link_cannot_be_forged_stripped_or_led_elsewhere(bucket: Bucket, tmp_path: Path) -> None:
    (told, other) = S3(bucket.settings()).deliver([parcel(tmp_path, OLD, path) for path in ("a.csv", "b.csv")])
    signature = told.link.rpartition("X-Amz-Signature=")[2]
    forged = told.link.replace(signature, signature[::-1])
    longer = told.link.replace("X-Amz-Expires=86400", "X-Amz-Expires=604800")
    elsewhere = told.link.replace("a.csv", "b.csv", 1)
    for link in (forged, longer, elsewhere, other.link.partition("?")[0]):
        assert requests.get(link, timeout=30).status_code == 403, link
    assert requests.get(told.link, timeout=30).status_code == 200


def test_a_link_made_in_a_role_dies_with_the_role(bucket: Bucket, tmp_path: Path) -> None:
    account = {"AWS": ["arn:aws:iam:::user/reports"]}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": account}]}
    trust["Statement"][0]["Action"] = ["sts:AssumeRole"]  # type: ignore[index]
    rights = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}
    rights_text = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    name = f"Deliverer{bucket.name}"
    role = bucket.gateway.admin("role", "create", "--role-name", name, "--assume-role-policy-doc", json.dumps(trust))
    words = ("--role-name", name, "--policy-name", "all", "--policy-doc", rights_text)
    bucket.gateway.admin("role-policy", "put", *words)
    assert role["Arn"] == f"arn:aws:iam:::role/{name}"
    settings = bucket.settings(endpoint_url=bucket.gateway.with_roles(), role_arn=role["Arn"])
    (told,) = S3(settings).deliver([parcel(tmp_path, OLD)])
    assert requests.get(told.link, timeout=30).content == OLD
    assert told.link_expires_at == pytest.approx(time.time() + 3600, abs=120)
    assert "temporary credentials" in told.warnings[0]


# Refusals


def test_wrong_keys_missing_buckets_and_those_of_others_are_told_apart(bucket: Bucket, tmp_path: Path) -> None:
    stranger = ("AKIASTRANGER00000001", "the-secret-of-a-stranger")
    if "stranger" not in bucket.gateway.admin("user", "list"):
        bucket.gateway.user("stranger", *stranger)
    wrong = {
        "credentials": {"secret_access_key": "another-secret"},
        "no-bucket": {"bucket": "no-such-bucket"},
        "no-permission": {"access_key_id": stranger[0], "secret_access_key": stranger[1]},
    }
    for reason, settings in wrong.items():
        error = refusal_of(S3, bucket.settings(**settings), parcel(tmp_path, OLD).staged)
        assert (type(error), error.reason) == (AuthError if reason == "credentials" else DeliveryError, reason)
    with pytest.raises(AuthError) as raised:
        S3(bucket.settings(access_key_id="AKIANOBODY0000000001")).check()
    assert raised.value.reason == "credentials"
    assert bucket.listed() == []


def test_a_bucket_that_is_full_in_the_middle_keeps_the_old_file_and_no_parts(filled: Bucket, tmp_path: Path) -> None:
    limit = ("--quota-scope", "bucket", "--bucket", filled.name)
    filled.gateway.admin("quota", "set", *limit, "--max-size", str(3 * PART_BYTES))
    filled.gateway.admin("quota", "enable", *limit)
    with pytest.raises(DeliveryError) as raised:
        S3(filled.settings()).deliver([parcel(tmp_path, large(8))])
    assert raised.value.reason == "bucket-full"
    assert (filled.content("a.csv"), filled.uploads()) == (OLD, [])


# Broken connections, killed processes


@pytest.fixture
def cutting(filled: Bucket) -> Iterator[CuttingProxy]:
    with CuttingProxy(filled.gateway.url) as proxy:
        yield proxy


def test_a_connection_that_breaks_in_the_middle_leaves_the_old_file(
    filled: Bucket, cutting: CuttingProxy, tmp_path: Path
) -> None:
    content = large(4)
    destination = S3(filled.settings(endpoint_url=cutting.url))
    with pytest.raises((TransientError, DeliveryError)) as raised:
        destination.deliver([parcel(tmp_path, content, progress=stop_at(2 * PART_BYTES, cutting.cut))])
    assert raised.value.reason in {"connection", "unreachable"}
    assert raised.value.max_attempts != 1  # the loop asks again
    assert filled.content("a.csv") == OLD
    cutting.mend()
    destination.deliver([parcel(tmp_path, content)])
    assert filled.content("a.csv") == content


def test_one_broken_connection_among_many_costs_one_part(filled: Bucket, cutting: CuttingProxy, tmp_path: Path) -> None:
    content = large(4)
    destination = S3(filled.settings(endpoint_url=cutting.url))
    destination.deliver([parcel(tmp_path, content, progress=stop_at(3 * PART_BYTES, cutting.cut_once))])
    assert filled.content("a.csv") == content


DELIVER = """
import sys
from pathlib import Path
from sfr.connector import Parcel
from sfr.destinations.s3.destination import S3
config, file, sha256 = sys.argv[1:]
staged = Path(file)
progress = lambda sent: print(sent, flush=True)
destination = S3(S3.Config.model_validate_json(config))
destination.deliver([Parcel(staged, "a.csv", bytes=staged.stat().st_size, sha256=sha256, progress=progress)])
"""


def test_a_process_that_is_killed_in_the_middle_leaves_the_old_file_and_the_next_one_delivers(
    filled: Bucket, tmp_path: Path
) -> None:
    sent = parcel(tmp_path, large(12))
    settings = filled.settings()
    plain = {**settings.model_dump(mode="json"), "access_key_id": radosgw.ACCESS_KEY}
    config = json.dumps({**plain, "secret_access_key": radosgw.SECRET_KEY})
    command = [sys.executable, "-c", DELIVER, config, str(sent.staged), sent.sha256]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 5 * PART_BYTES:
            continue
        process.kill()
    assert (filled.content("a.csv"), filled.listed()) == (OLD, ["a.csv"])
    assert len(filled.uploads()) == 1  # unseen parts, which a rule of the bucket removes, or a delivery a day later
    S3(settings).deliver([sent])
    assert filled.content("a.csv") == sent.staged.read_bytes()


# Several at once


@pytest.mark.parametrize("versions", [False, True])
def test_where_the_last_moment_fails_all_old_files_stand_there_again(
    bucket: Bucket, tmp_path: Path, versions: bool
) -> None:
    if versions:
        bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    destination = S3(bucket.settings())
    destination.deliver([parcel(tmp_path, OLD, "1.csv", report="old"), parcel(tmp_path, OLD, "3.csv")])

    def sabotage() -> None:
        for upload in bucket.client.list_multipart_uploads(Bucket=bucket.name)["Uploads"]:
            if upload["Key"] == "3.csv":
                bucket.client.abort_multipart_upload(Bucket=bucket.name, Key="3.csv", UploadId=upload["UploadId"])

    contents = [large(1.5) for _ in range(3)]
    progress = stop_at(sum(map(len, contents)), sabotage)
    parcels = [parcel(tmp_path, each, f"{n}.csv", progress=progress) for n, each in enumerate(contents, 1)]
    parcels[-1] = replace(
        parcels[-1], progress=lambda sent: progress(sent) if sent >= sum(map(len, contents)) else None
    )
    with pytest.raises(TransientError):
        destination.deliver(parcels)
    assert {key: bucket.content(key) for key in bucket.listed()} == {"1.csv": OLD, "3.csv": OLD}
    assert bucket.client.head_object(Bucket=bucket.name, Key="1.csv")["Metadata"]["report"] == "old"
    assert bucket.uploads() == []
    destination.deliver([parcel(tmp_path, each, f"{n}.csv") for n, each in enumerate(contents, 1)])
    assert [bucket.content(f"{n}.csv") for n in (1, 2, 3)] == contents


def test_what_was_delivered_belongs_to_the_account_and_to_nobody_else(filled: Bucket) -> None:
    other = ("AKIALOOKER0000000001", "the-secret-of-a-looker")
    if "looker" not in filled.gateway.admin("user", "list"):
        filled.gateway.user("looker", *other)
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError):
        client_of(filled.gateway.url, *other).get_object(Bucket=filled.name, Key="a.csv")
    assert requests.get(f"{filled.gateway.url}/{filled.name}/a.csv", timeout=30).status_code == 403
