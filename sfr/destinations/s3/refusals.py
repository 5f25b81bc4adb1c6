"""Renames what S3 and its library say, once: what is wrong, whether another try may help, what a person can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from sfr.errors import AuthError, DeliveryError, SfrError, TransientError
from sfr.missing_package import missing_package

_PERMISSIONS = (
    "Are the keys right? Then ask for s3:PutObject, s3:GetObject and s3:AbortMultipartUpload on this bucket (and for "
    "its key, where it is encrypted with one)."
)
_KEYS = "Compare ACCESS_KEY_ID and SECRET_ACCESS_KEY (or the profile) with what the server has; were they renewed?"
_EXPIRED = "Log in again (such as `aws sso login`), or give keys that do not end."
_REGION = "Write the bucket's own region as REGION."

# The server's code: our reason, what it means, what helps.
_REFUSALS = {
    "NoSuchBucket": ("no-bucket", "there is no such bucket", "Make it, or correct BUCKET, REGION or ENDPOINT_URL."),
    "AccessDenied": ("no-permission", "this account may not do that there", _PERMISSIONS),
    "AllAccessDisabled": ("no-permission", "the bucket is closed to everybody", _PERMISSIONS),
    "AccountProblem": ("no-permission", "something is wrong with the account", "Ask the owner of the account."),
    "InvalidAccessKeyId": ("credentials", "the server does not know the access key", _KEYS),
    "SignatureDoesNotMatch": ("credentials", "the secret does not belong to the access key", _KEYS),
    "InvalidToken": ("credentials", "the session token is wrong", _EXPIRED),
    "InvalidClientTokenId": ("credentials", "the server does not know the access key or its token", _KEYS),
    "ExpiredToken": ("credentials", "the temporary credentials have ended", _EXPIRED),
    "ExpiredTokenException": ("credentials", "the temporary credentials have ended", _EXPIRED),
    "TokenRefreshRequired": ("credentials", "the temporary credentials have ended", _EXPIRED),
    "RequestTimeTooSkewed": ("clock", "the clocks differ too much", "Set this machine's clock (NTP), or the server's."),
    "RequestExpired": ("clock", "the clocks differ too much", "Set this machine's clock (NTP), or the server's."),
    "PermanentRedirect": ("wrong-region", "the bucket is in another region", _REGION),
    "AuthorizationHeaderMalformed": ("wrong-region", "the bucket is in another region", _REGION),
    "IllegalLocationConstraintException": ("wrong-region", "the bucket is in another region", _REGION),
    "QuotaExceeded": ("bucket-full", "the bucket or the account is full", "Delete something, or ask for more room."),
    "EntityTooLarge": ("too-large", "the file is larger than the server takes", "Split the report, or pack it."),
    "KeyTooLongError": ("path", "the path is longer than 1,024 bytes", "Shorten the path or the report's name."),
    "InvalidStorageClass": ("storage-class", "the server has no such storage class", "Correct STORAGE_CLASS."),
    "InvalidBucketName": ("no-bucket", "this is no name of a bucket", "Correct BUCKET."),
    "MethodNotAllowed": ("refused", "this is no S3 server, or not at this address", "Correct ENDPOINT_URL."),
}  # fmt: skip
_LOGIN = ("credentials", "no-credentials")  # reasons that say who we are is not known there
_BY_STATUS = {401: "InvalidAccessKeyId", 403: "AccessDenied", 404: "NoSuchBucket", 301: "PermanentRedirect"}
_SLOW_DOWN = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
_PASSING = {
    *("InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict"),
    *("BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "NoSuchUpload", "InvalidPart", "ServiceFailure"),
    *("XAmzContentChecksumMismatch", "RequestTimeoutException", "InsufficientCapacity"),
}


@contextmanager
def renaming(place: str) -> Iterator[None]:
    """What S3's library raises inside becomes an AuthError, a DeliveryError, or a TransientError where another try may
    help. `place` begins the message. Raises ConfigError without that library."""
    try:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise missing_package("a destination of the type s3", "boto3", "sfr[s3]") from error
    try:
        yield
    except ClientError as error:
        raise _refused(place, error.response, error.operation_name) from error
    except (BotoCoreError, Boto3Error) as error:
        raise _unheard(place, error) from error


def status_of(error: Any) -> int:
    """The HTTP status that a ClientError came with."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def _refused(place: str, response: dict[str, Any], operation: str) -> SfrError:
    said, facts = response.get("Error", {}), response.get("ResponseMetadata", {})
    status = int(facts.get("HTTPStatusCode") or 0)
    code = str(said.get("Code") or "")
    if code.isdigit() or not code:  # the answer to a HEAD has no body to say more
        code = _BY_STATUS.get(status, code)
    error = _named(place, code, status, str(said.get("Message") or ""), operation)
    if error.reason == "wrong-region" and (region := _region_in(said, facts)):
        error.args = (f"{error.message}: {region}",)
    error.request_id = str(facts.get("RequestId") or "")
    return error


def _named(place: str, code: str, status: int, message: str, operation: str) -> SfrError:
    if code in _SLOW_DOWN or status in (429, 503):
        return TransientError(f"{place}: the server asks for less ({code})", reason="throttled", slow_down=True)
    if code in _PASSING or status >= 500 or status in (408, 409):
        return TransientError(f"{place}: the server could not do it ({code})", reason=f"http-{status}", max_attempts=6)
    if known := _REFUSALS.get(code):
        reason, what, remedy = known
        return _kind_of(reason)(f"{place}: {what} ({code})", reason=reason, remedy=remedy)
    told = f"{code}: {message[:200]}" if message else code or f"status {status}"
    return DeliveryError(
        f"{place}: the server refuses {operation} ({told})",
        reason="refused",
        remedy="See what the server's documents say about it; older servers may need CHECKSUMS=when_required.",
    )


def _region_in(said: dict[str, Any], facts: dict[str, Any]) -> str:
    return str(said.get("Region") or facts.get("HTTPHeaders", {}).get("x-amz-bucket-region") or "")


def _unheard(place: str, error: Exception) -> SfrError:
    """What happened before or without an answer."""
    from botocore import exceptions as of

    if isinstance(error, (of.NoCredentialsError, of.PartialCredentialsError)):
        what, reason = "there are no credentials", "no-credentials"
        remedy = "Set ACCESS_KEY_ID and SECRET_ACCESS_KEY, or PROFILE, or run where a role gives them."
    elif isinstance(error, (of.ProfileNotFound, of.ConfigNotFound, of.ConfigParseError, of.InvalidConfigError)):
        what, reason = f"the AWS configuration is wrong: {error}", "profile"
        remedy = "Correct PROFILE, or ~/.aws/config."
    elif isinstance(
        error, (of.CredentialRetrievalError, of.TokenRetrievalError, of.SSOError, of.MetadataRetrievalError)
    ):
        what, reason, remedy = f"no credentials could be had: {error}", "credentials", _EXPIRED
    elif isinstance(error, of.SSLError):
        what, reason = "the server's certificate is not trusted", "certificate"
        remedy = "Name your company's certificates as CA_BUNDLE, or correct ENDPOINT_URL."
    elif isinstance(error, of.ProxyConnectionError):
        what, reason, remedy = "the proxy refuses", "proxy", "Correct HTTPS_PROXY, or name the host in NO_PROXY."
    elif isinstance(error, (of.EndpointConnectionError, of.ConnectTimeoutError)):
        server = urlsplit(str(error.kwargs.get("endpoint_url", ""))).netloc
        what, remedy = f"{server} cannot be reached", "Correct ENDPOINT_URL or REGION; is the network (VPN) there?"
        return TransientError(f"{place}: {what}", reason="unreachable", remedy=remedy, max_attempts=3)
    elif isinstance(error, (of.HTTPClientError, of.ConnectionError)):
        return TransientError(f"{place}: the connection broke ({type(error).__name__})", reason="connection")
    else:
        what, reason = f"{type(error).__name__}: {error}", "refused"
        remedy = "Compare the settings of this destination with docs/s3.md."
    return _kind_of(reason)(f"{place}: {what}", reason=reason, remedy=remedy)


def _kind_of(reason: str) -> type[SfrError]:
    return AuthError if reason in _LOGIN else DeliveryError
