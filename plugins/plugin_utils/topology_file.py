"""Thin stand-in until the checked loader lands."""
from __future__ import annotations
from pathlib import Path
import yaml
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse

def _merge(a, b):
    out = dict(a)
    for k, v in b.items():
        if v is None:
            out.pop(k, None)
        elif isinstance(v, dict) and isinstance(out.get(k), dict):
            out[k] = _merge(out[k], v)
        else:
            out[k] = v
    return out

def read(path):
    d = yaml.safe_load(Path(path).read_text())
    base = d.pop("extends", None)
    return _merge(read(Path(path).parent / base), d) if base else d

def load(path):
    return parse(read(path))
