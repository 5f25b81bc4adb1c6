"""Watchers: a live picture, plain lines, or silence."""
