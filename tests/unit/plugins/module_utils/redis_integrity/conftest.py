"""The nodes that the suites of this folder ask."""

from tests.unit.plugins.module_utils.redis_nodes import nodes

__all__ = ["nodes"]
