"""How a file comes into a bucket: all or nothing, proven by the server's sums, and what is said of it there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sfr.destinations.s3.destination import S3
from sfr.errors import Cancelled, DeliveryError, SfrError, TransientError
from tests.buckets import PART_BYTES, large, parcel, settings_for, stop_at
from tests.servers.small_s3 import Fault, SmallS3, Stored

pytestmark = pytest.mark.slow


OLD = b"a\nold\n"


@pytest.fixture(params=["plain", "sums", "encrypts"])
def any_server(request: pytest.FixtureRequest) -> Iterator[SmallS3]:
    """A server that sums nothing but parts, one that sums wholes as Amazon's, and one whose tags are no sums."""
    with SmallS3(sums=request.param == "sums", encrypts=request.param == "encrypts") as running:
        yield running


@pytest.fixture
def server() -> Iterator[SmallS3]:
    with SmallS3() as running:
        running.objects["a.csv"] = Stored({}, OLD)
        yield running


def stop() -> None:
    raise Cancelled("the run was stopped")


# What is said of it


def test_the_object_says_who_delivered_it_and_what_it_is(server: SmallS3, tmp_path: Path) -> None:
    settings = settings_for(server.url, storage_class="STANDARD_IA", encryption="AES256")
    sent = parcel(tmp_path, b"a\n1\n", format="csv.gz", run_id="r1", report="Umsätze & Co.csv", source="crm", records=7)
    S3(settings).deliver([sent])
    told = server.metadata("a.csv")
    assert told.pop("upload")
    assert told == {
        "run": "r1",
        "report": "Ums%C3%A4tze & Co.csv",
        "source": "crm",
        "records": "7",
        "sha256": sent.sha256,
    }
    headers = server.objects["a.csv"].headers
    assert headers["content-type"] == "application/gzip"
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-server-side-encryption"] == "AES256"


def test_progress_counts_the_bytes_of_all_files(server: SmallS3, tmp_path: Path) -> None:
    seen: list[int] = []
    contents = [large(2.5), b"a\n1\n", large(1.5)]
    S3(settings_for(server.url)).deliver(
        [parcel(tmp_path, content, f"{number}.csv", progress=seen.append) for number, content in enumerate(contents)]
    )
    assert seen == sorted(seen)
    assert seen[-1] == sum(map(len, contents))


# All or nothing


@pytest.mark.parametrize("parts", [0.1, 3.5])
def test_a_file_is_proven_by_whatever_the_server_offers(any_server: SmallS3, tmp_path: Path, parts: float) -> None:
    content = large(parts)
    S3(settings_for(any_server.url)).deliver([parcel(tmp_path, content)])
    assert any_server.content("a.csv") == content
    assert ("GetObject" in any_server.asked) is any_server.encrypts  # nothing else proves it there
    assert any_server.uploads == {}


@pytest.mark.parametrize("parts", [0.1, 2.5])
def test_a_file_that_arrives_damaged_is_no_file(any_server: SmallS3, tmp_path: Path, parts: float) -> None:
    any_server.received = lambda content: content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(TransientError):
        S3(settings_for(any_server.url)).deliver([parcel(tmp_path, large(parts))])
    assert (any_server.objects, any_server.uploads) == ({}, {})


def test_one_damaged_part_is_seen_before_anybody_sees_the_file(server: SmallS3, tmp_path: Path) -> None:
    server.received = lambda content: content if len(content) == PART_BYTES else content[:-1]
    with pytest.raises(TransientError) as raised:
        S3(settings_for(server.url)).deliver([parcel(tmp_path, large(2.5))])
    assert (raised.value.reason, "part 3" in raised.value.message) == ("damaged", True)
    assert (server.content("a.csv"), server.uploads) == (OLD, {})


def test_every_byte_can_be_read_back(server: SmallS3, tmp_path: Path) -> None:
    S3(settings_for(server.url, read_back=True)).deliver([parcel(tmp_path, large(1.5))])
    assert server.asked.count("GetObject") == 1


@pytest.mark.parametrize("parts", [0.1, 2.5])
def test_a_staged_file_that_somebody_changed_is_not_delivered(server: SmallS3, tmp_path: Path, parts: float) -> None:
    sent = parcel(tmp_path, large(parts))
    changed = bytearray(sent.staged.read_bytes())
    changed[-1] ^= 1
    sent.staged.write_bytes(changed)
    with pytest.raises(DeliveryError) as raised:
        S3(settings_for(server.url)).deliver([sent])
    assert raised.value.reason == "changed-on-disk"
    assert (server.content("a.csv"), server.uploads) == (OLD, {})


def test_a_run_that_is_stopped_in_the_middle_leaves_the_old_file_and_no_parts(server: SmallS3, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        S3(settings_for(server.url)).deliver([parcel(tmp_path, large(6), progress=stop_at(3 * PART_BYTES, stop))])
    assert (server.content("a.csv"), server.uploads) == (OLD, {})
    assert server.asked.count("UploadPart") < 6


def test_a_refusal_in_the_middle_is_not_followed_by_the_rest_of_the_file(server: SmallS3, tmp_path: Path) -> None:
    server.faults["UploadPart"] = Fault(403, "QuotaExceeded")
    seen: list[int] = []
    with pytest.raises(DeliveryError) as raised:
        S3(settings_for(server.url)).deliver([parcel(tmp_path, large(8), progress=seen.append)])
    assert raised.value.reason == "bucket-full"
    assert (server.content("a.csv"), server.uploads) == (OLD, {})
    assert seen[-1] < 8 * PART_BYTES


def test_one_part_that_is_refused_once_does_not_send_all_again(server: SmallS3, tmp_path: Path) -> None:
    server.faults["UploadPart"] = Fault(503, "SlowDown", times=1)
    S3(settings_for(server.url)).deliver([parcel(tmp_path, large(3))])
    assert server.asked.count("UploadPart") == 4


@pytest.mark.parametrize(("parts", "last"), [(0.1, "PutObject"), (2.5, "CompleteMultipartUpload")])
def test_a_lost_answer_is_not_a_lost_file(server: SmallS3, tmp_path: Path, parts: float, last: str) -> None:
    server.faults[last] = Fault(lose=True)
    content = large(parts)
    S3(settings_for(server.url)).deliver([parcel(tmp_path, content)])
    assert server.content("a.csv") == content


def test_a_look_that_fails_after_the_file_has_arrived_takes_nothing_away(server: SmallS3, tmp_path: Path) -> None:
    server.faults["HeadObject"] = Fault(503, "SlowDown")
    content = large(1.5)
    with pytest.raises(TransientError):
        S3(settings_for(server.url)).deliver([parcel(tmp_path, content)])
    assert server.content("a.csv") == content


def test_somebody_elses_file_of_the_same_moment_is_told_and_left_alone(server: SmallS3, tmp_path: Path) -> None:
    theirs = Stored({"x-amz-meta-upload": "theirs"}, b"theirs")
    server.before["HeadObject"] = lambda: server.objects.update({"a.csv": theirs})
    with pytest.raises(DeliveryError) as raised:
        S3(settings_for(server.url)).deliver([parcel(tmp_path, b"a\n1\n")])
    assert (raised.value.reason, server.content("a.csv")) == ("overwritten", b"theirs")


@pytest.mark.parametrize("parts", [0.1, 1.5])
@pytest.mark.parametrize("sums", [True, False])
def test_an_account_that_may_only_write_delivers_without_a_link(tmp_path: Path, parts: float, sums: bool) -> None:
    with SmallS3(readable=False, sums=sums) as server:
        (told,) = S3(settings_for(server.url)).deliver([parcel(tmp_path, large(parts))])
    assert told.link == ""
    assert "s3:GetObject" in told.warnings[0]


def test_where_nothing_can_prove_it_no_delivery_is_claimed(tmp_path: Path) -> None:
    with SmallS3(readable=False, encrypts=True) as server, pytest.raises(DeliveryError) as raised:
        S3(settings_for(server.url)).deliver([parcel(tmp_path, b"a\n1\n")])
    assert raised.value.reason == "unproven"


# Several at once


def test_where_the_second_file_is_refused_at_last_the_first_is_taken_back(server: SmallS3, tmp_path: Path) -> None:
    server.objects["c.csv"] = old = Stored({"content-type": "text/old"}, OLD)
    parcels = [parcel(tmp_path, large(1.5), path) for path in ("c.csv", "new.csv", "refused.csv")]
    refuse = lambda: server.faults.update(CompleteMultipartUpload=Fault(403, "AccessDenied"))  # noqa: E731
    server.before["CompleteMultipartUpload"] = lambda: (
        refuse() if server.asked.count("CompleteMultipartUpload") == 3 else None
    )
    with pytest.raises(DeliveryError):
        S3(settings_for(server.url)).deliver(parcels)
    assert {key: each.content for key, each in server.objects.items()} == {"a.csv": OLD, "c.csv": OLD}
    assert server.objects["c.csv"].headers == old.headers
    assert server.uploads == {}


def test_no_copy_of_the_old_files_stays(server: SmallS3, tmp_path: Path) -> None:
    S3(settings_for(server.url)).deliver([parcel(tmp_path, b"new", path) for path in ("a.csv", "b.csv")])
    assert {key: each.content for key, each in server.objects.items()} == {"a.csv": b"new", "b.csv": b"new"}


# What killed processes leave behind


def test_parts_that_were_forgotten_under_the_same_key_are_removed(server: SmallS3, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    server.uploads = {
        "forgotten": Stored({}, key="a.csv", begun=long_ago),
        "another's": Stored({}, key="a.csv.gz", begun=long_ago),
        "of another run": Stored({}, key="a.csv"),
    }
    S3(settings_for(server.url)).deliver([parcel(tmp_path, large(1.5))])
    assert set(server.uploads) == {"another's", "of another run"}
    server.faults["ListMultipartUploads"] = Fault(403, "AccessDenied")
    S3(settings_for(server.url)).deliver([parcel(tmp_path, large(1.5))])


# What is not told


def test_no_log_holds_a_key_a_signature_or_a_link(
    server: SmallS3, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults["UploadPart"] = Fault(503, "SlowDown", times=1)
    destination = S3(settings_for(server.url))
    (told,) = destination.deliver([parcel(tmp_path, large(1.5))])
    server.faults["PutObject"] = Fault(403, "AccessDenied")
    with pytest.raises(SfrError):
        destination.deliver([parcel(tmp_path, b"a\n1\n")])
    assert "X-Amz-Signature" in told.link
    ours = "".join(each.getMessage() for each in caplog.records if not each.name.startswith("urllib3"))
    assert not [word for word in ("Signature", "a-secret-of", "X-Amz-") if word in ours]
