"""What a bucket may answer instead of taking a file: each has a name, a remedy, and a verdict on trying again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.destination import S3
from sfr.errors import AuthError, DeliveryError, SfrError, TransientError
from sfr.testing import declared
from tests.buckets import large, parcel, settings_for
from tests.certificates import Authority
from tests.servers.small_s3 import Fault, SmallS3

pytestmark = pytest.mark.slow


REFUSALS = [
    (404, "NoSuchBucket", "no-bucket"),
    (403, "AccessDenied", "no-permission"),
    (403, "InvalidAccessKeyId", "credentials"),
    (403, "SignatureDoesNotMatch", "credentials"),
    (400, "ExpiredToken", "credentials"),
    (400, "InvalidToken", "credentials"),
    (403, "RequestTimeTooSkewed", "clock"),
    (301, "PermanentRedirect", "wrong-region"),
    (400, "AuthorizationHeaderMalformed", "wrong-region"),
    (403, "QuotaExceeded", "bucket-full"),
    (400, "EntityTooLarge", "too-large"),
    (400, "InvalidStorageClass", "storage-class"),
    (400, "SomethingNew", "refused"),
]
PASSING = [(503, "SlowDown", "throttled"), (500, "InternalError", "http-500"), (400, "RequestTimeout", "http-400")]


@pytest.fixture
def server() -> Iterator[SmallS3]:
    with SmallS3() as running:
        yield running


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without any credentials, on a machine without a role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def refused(config: S3Config, tmp_path: Path, content: bytes = b"a\n1\n") -> SfrError:
    """What a delivery fails with; it must be fit to be shown."""
    with pytest.raises(SfrError) as raised:
        S3(config).deliver([parcel(tmp_path, content)])
    return declared.check_error(raised.value, declared.secrets_of(config))


@pytest.mark.parametrize(("status", "code", "reason"), REFUSALS)
def test_what_the_server_refuses_is_told_with_a_remedy(
    server: SmallS3, tmp_path: Path, status: int, code: str, reason: str
) -> None:
    server.faults["PutObject"] = Fault(status, code, message="the secret of the day")
    error = refused(settings_for(server.url), tmp_path)
    assert (type(error), error.reason) == (AuthError if reason == "credentials" else DeliveryError, reason)
    assert error.message.startswith("s3://reports: ")
    assert code in error.message
    assert server.content("a.csv") is None


@pytest.mark.parametrize(("status", "code", "reason"), PASSING)
@pytest.mark.parametrize("operation", ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_what_may_pass_is_worth_another_try(
    server: SmallS3, tmp_path: Path, operation: str, status: int, code: str, reason: str
) -> None:
    server.faults[operation] = Fault(status, code)
    content = b"a\n1\n" if operation == "PutObject" else large(1.5)
    error = refused(settings_for(server.url), tmp_path, content)
    assert (type(error), error.reason) == (TransientError, reason)
    assert getattr(error, "slow_down", None) is (code == "SlowDown")
    assert (server.objects, server.uploads) == ({}, {})


def test_the_region_of_the_bucket_is_told_where_the_server_says_it(server: SmallS3, tmp_path: Path) -> None:
    server.faults["PutObject"] = Fault(400, "SomethingElse")
    server.faults["PutObject"] = Fault(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"})
    assert "eu-central-1" in refused(settings_for(server.url), tmp_path).message


def test_a_server_that_is_not_there_is_asked_a_few_times_only(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refused(settings_for(f"http://127.0.0.1:{port}"), tmp_path)
    assert (type(error), error.reason, error.max_attempts) == (TransientError, "unreachable", 3)
    assert (error.message, bool(error.remedy)) == (f"s3://reports: 127.0.0.1:{port} cannot be reached", True)


def test_a_server_that_hangs_up_or_says_nothing_is_worth_another_try(server: SmallS3, tmp_path: Path) -> None:
    server.faults["PutObject"] = Fault()
    assert refused(settings_for(server.url), tmp_path).reason == "connection"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = refused(settings_for(url, stall_seconds=0.2), tmp_path)
    assert (type(error), error.reason) == (TransientError, "connection")


def test_without_any_credentials_it_is_told_where_they_may_stand(server: SmallS3, tmp_path: Path, nobody: None) -> None:
    error = refused(S3Config(bucket="reports", endpoint_url=server.url), tmp_path)
    assert (type(error), error.reason) == (AuthError, "no-credentials")
    assert server.asked == []


@pytest.mark.parametrize("settings", [{"profile": "missing"}, {"profile": "half"}])
def test_a_profile_that_is_wrong_is_told(
    server: SmallS3, tmp_path: Path, nobody: None, settings: dict[str, Any]
) -> None:
    (tmp_path / "credentials").write_text("[half]\naws_access_key_id = AKIA1\n")
    error = refused(S3Config(bucket="reports", endpoint_url=server.url, **settings), tmp_path)
    kind, reason = (DeliveryError, "profile") if settings["profile"] == "missing" else (AuthError, "no-credentials")
    assert (type(error), error.reason) == (kind, reason)


def test_a_profile_that_is_right_needs_no_keys_in_the_settings(server: SmallS3, tmp_path: Path, nobody: None) -> None:
    (tmp_path / "credentials").write_text("[reports]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n")
    S3(S3Config(bucket="reports", endpoint_url=server.url, profile="reports")).put(_file(tmp_path), "a.csv")
    assert server.content("a.csv") == b"a\n1\n"


def test_a_certificate_nobody_trusts_is_told_and_a_bundle_makes_it_trusted(tmp_path: Path, nobody: None) -> None:
    authority = Authority(tmp_path)
    with SmallS3(context=authority.context("127.0.0.1")) as server:
        assert refused(settings_for(server.url), tmp_path).reason == "certificate"
        destination = S3(settings_for(server.url, ca_bundle=authority.root_file))
        destination.deliver([parcel(tmp_path, b"a\n1\n")])
        assert server.content("a.csv") == b"a\n1\n"


@pytest.mark.parametrize(("status", "code", "reason"), REFUSALS[:4])
def test_a_check_finds_out_without_leaving_anything(server: SmallS3, status: int, code: str, reason: str) -> None:
    destination = S3(settings_for(server.url, path="daily/{today:%Y}/{name}"))
    destination.check()
    assert server.asked == ["CreateMultipartUpload", "AbortMultipartUpload"]
    server.faults["CreateMultipartUpload"] = Fault(status, code)
    with pytest.raises((AuthError, DeliveryError)) as raised:
        destination.check()
    assert raised.value.reason == reason
    assert (server.objects, server.uploads) == ({}, {})


def _file(folder: Path) -> Path:
    path = folder / "staged.part"
    path.write_bytes(b"a\n1\n")
    return path
