"""Hands: worker processes that run jobs, and what they share."""
