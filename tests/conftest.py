"""Stands here so that the tests can import `given`: pytest puts the folder of a conftest on the path."""

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is: no test of ours is about that.
settings.register_profile("on a busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("on a busy machine")
