"""What may be written about a bucket, and what is refused before anything starts."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sfr.destinations.s3.config import S3Config
from sfr.destinations.s3.destination import key_of
from sfr.destinations.s3.reading import MEBIBYTE, part_bytes_for
from sfr.errors import DeliveryError
from sfr.plugins import destination_class
from tests.buckets import settings_for


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"bucket": "s3://reports/daily"}, "without s3://"),
        ({"bucket": "re ports"}, "3 to 63"),
        ({"bucket": ""}, "3 to 63"),
        ({"endpoint_url": "s3.example.com"}, "https://s3.example.com"),
        ({"endpoint_url": "ftp://s3.example.com"}, "https://s3.example.com"),
        ({"endpoint_url": "https://s3.example.com:99999"}, "https://s3.example.com"),
        ({"endpoint_url": "https://key:hunter2@s3.example.com"}, "no keys in the address"),
        ({"endpoint_url": "https://s3.example.com/?x=1"}, "without ?"),
        ({"link_seconds": 7 * 24 * 3600 + 1}, "longer than 7 days"),
        ({"link_seconds": -1}, "greater than or equal to 0"),
        ({"role_arn": "reports"}, "arn:aws:iam"),
        ({"access_key_id": "AKIA1"}, "SECRET_ACCESS_KEY is missing"),
        ({"secret_access_key": "hunter2"}, "ACCESS_KEY_ID is missing"),
        ({"session_token": "hunter2"}, "SESSION_TOKEN alone"),
        ({"access_key_id": "AKIA1", "secret_access_key": "hunter2", "profile": "p"}, "both say who asks"),
        ({"external_id": "hunter2"}, "ROLE_ARN is not set"),
        ({"kms_key_id": "k", "encryption": "AES256"}, "ENCRYPTION=aws:kms"),
        ({"encryption": "rot13"}, "aws:kms"),
        ({"addressing": "sideways"}, "virtual"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(written: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        S3Config(**{"bucket": "reports", **written})
    messages = " ".join(each["msg"] for each in raised.value.errors())
    assert told in messages
    assert "hunter2" not in messages


def test_what_works_is_taken_travels_and_hides_its_secrets() -> None:
    config = settings_for("https://s3.example.com/", session_token="hunter2-token", link_seconds=7 * 24 * 3600)
    assert config.endpoint_url == "https://s3.example.com"
    assert pickle.loads(pickle.dumps(config)) == config
    assert not [secret for secret in ("hunter2", "a-secret-of-the-tests", "AKIA") if secret in repr(config)]


@given(st.integers(min_value=1, max_value=5 << 40))
def test_the_parts_of_a_file_are_never_more_than_s3_takes(size_bytes: int) -> None:
    part_bytes = part_bytes_for(size_bytes)
    assert -(-size_bytes // part_bytes) <= 9_000
    assert part_bytes % MEBIBYTE == 0
    assert 8 * MEBIBYTE <= part_bytes <= max(8 * MEBIBYTE, size_bytes // 8_000 + MEBIBYTE)


@pytest.mark.parametrize("path", ["", "/a.csv", "a//b.csv", "a/", "a/../b.csv", "./a.csv", "a\nb", "ü" * 513])
def test_a_path_that_other_programs_could_not_read_is_no_key(path: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        key_of(path)
    assert (raised.value.reason, bool(raised.value.remedy)) == ("path", True)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1), min_size=1)
)
def test_every_other_path_is_its_own_key(names: list[str]) -> None:
    path = "/".join(name if name.strip(".") else f"x{name}" for name in names)[:300]
    if not path.endswith("/"):
        assert key_of(path) == path


def test_the_type_is_known_and_costs_nothing_until_it_is_used() -> None:
    program = (
        "import sys\n"
        "from sfr.plugins import destination_class\n"
        "destination_class('s3')(destination_class('s3').Config(bucket='reports'))\n"
        "print({'boto3', 'botocore', 's3transfer'} & {name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert destination_class("s3").Config is S3Config


def test_without_its_library_the_command_that_installs_it_is_told() -> None:
    program = (
        "import sys\n"
        "sys.modules['boto3'] = sys.modules['boto3.exceptions'] = None\n"
        "from sfr.errors import ConfigError\n"
        "from sfr.plugins import destination_class\n"
        "try:\n"
        "    destination_class('s3')(destination_class('s3').Config(bucket='reports')).check()\n"
        "except ConfigError as error:\n"
        "    print(error.message, error.remedy)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "sfr[s3]"' in done.stdout
