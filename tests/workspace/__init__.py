"""Tests of the staff's page."""
