"""The session of a Salesforce org: the places a valid `sid` may come from, each with a reason when it has none."""
