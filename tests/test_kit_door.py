from __future__ import annotations

import inspect

from sfr import sdk, testing

# What authors of connectors rely on. A name that goes or changes its meaning is a new major version of sfr; a new name
# is a new minor one. Both are written into the change log.
PROMISED = {
    "Answer", "Appending", "Asker", "AuthError", "Cancelled", "Carrying", "Checking", "Client", "ConfigError",
    "CsvRows", "Delivered", "DeliveryError", "Destination", "Door", "Expanding", "Fetched", "HavingOptions",
    "InvalidReport", "Linking", "Listed", "Listing", "MarkingNull", "Parcel", "Place", "Proof", "Reference",
    "ReferenceProblem", "Referring", "Report", "ReportError", "Scope", "Session", "SfrError", "SigningIn", "Sink",
    "Source", "Staging", "TakingRecords", "Timeouts", "Together", "Tools", "TransientError", "Updating",
    "UsingWindows", "Wanted", "Window",
}  # fmt: skip
PROMISED_FOR_TESTS = {"Case", "DestinationContract", "SourceContract", "Tray"}


def test_the_door_has_exactly_the_names_that_are_promised() -> None:
    assert set(sdk.__all__) == PROMISED
    assert set(testing.__all__) == PROMISED_FOR_TESTS
    public = {name for name in vars(sdk) if not name.startswith("_")} - {"annotations"}
    assert public == PROMISED


def test_every_name_explains_itself() -> None:
    for name in sdk.__all__:
        found = getattr(sdk, name)
        assert inspect.getdoc(found), name
        assert found.__module__.startswith("sfr."), name


def test_what_a_source_is_called_with_keeps_its_shape() -> None:
    """Arguments and fields that connectors use by name."""
    assert list(inspect.signature(sdk.Source.fetch).parameters) == ["self", "report", "into"]
    assert list(inspect.signature(sdk.Destination.put).parameters) == ["self", "staged", "name"]
    assert list(inspect.signature(sdk.Client).parameters)[:2] == ["timeouts", "turn"]
    assert list(inspect.signature(sdk.Client.request).parameters)[:4] == ["self", "method", "url", "headers"]
    assert list(inspect.signature(sdk.CsvRows).parameters)[:3] == ["into", "columns", "header"]
    assert {"records", "proof", "warnings", "validator", "unchanged", "doubt"} <= set(
        inspect.signature(sdk.Fetched).parameters
    )
    assert {"name", "session", "turn", "stopped", "say", "log"} <= set(inspect.signature(sdk.Tools).parameters)
    assert {"ref", "name", "folder", "kind"} == set(inspect.signature(sdk.Listed).parameters)
