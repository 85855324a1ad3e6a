"""Stands here so that the tests can import `given`: pytest puts the folder of a conftest on the path."""
