"""Faults of the data tier in the running lab. The clients and the ledgers are those of the acceptance tests."""

from tests.acceptance.conftest import declaration, engine, lab, pytest_addoption
from tests.acceptance.data.conftest import active, clients, cluster, figures, hosts, prefix, serving

__all__ = [
    "active",
    "clients",
    "cluster",
    "declaration",
    "engine",
    "figures",
    "hosts",
    "lab",
    "prefix",
    "pytest_addoption",
    "serving",
]
