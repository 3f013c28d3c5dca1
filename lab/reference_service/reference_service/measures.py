"""The metrics that the application publishes, under their published names."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "endpoint", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time to answer", ["method", "endpoint"])
SPAWNED = Counter("agent_spawn_total", "Agents started")
ACTIVE = Gauge("freeagentics_system_active_agents_total", "Agents that run now")
INFERENCES = Counter("freeagentics_business_inference_operations_total", "Inferences made")
