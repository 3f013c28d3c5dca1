# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renders all templates of a task on the control host and hands the finished files to the module in one call."""

from __future__ import annotations

import base64
import os
from typing import Any, Dict, List, Optional, Tuple

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

MODULE = "freeagentics.platform.config_files"
#: Options of an entry that only the control host needs.
CONTROL_OPTIONS = ("template", "content", "trim_blocks", "lstrip_blocks")


def source_of(number: int, entry: Any) -> Optional[str]:
    """Return ``template`` or ``content``, whichever an entry has; None where it is no file.

    :param number: the entry's place in the list, from 1.
    :raises AnsibleActionFail: no entry, or one with none or both of them.
    """
    if not isinstance(entry, dict) or not entry.get("path"):
        raise AnsibleActionFail(f"files: entry {number} must be a mapping with a path")
    given = [name for name in ("template", "content") if entry.get(name) is not None]
    if entry.get("state", "file") != "file":
        if given:
            raise AnsibleActionFail(f"{entry['path']}: a path with state {entry['state']} takes no {given[0]}")
        return None
    if len(given) != 1:
        raise AnsibleActionFail(f"{entry['path']}: give either template or content")
    return given[0]


class ActionModule(ActionBase):
    """Renders on the control host, compares and writes on the managed host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        """The module's result."""
        variables = task_vars or {}
        result: Dict[str, Any] = super().run(tmp, variables)
        files, contents = self._finished(variables)
        arguments = {**self._task.args, "files": files, "contents": contents}
        result.update(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=variables))
        return result

    def _finished(self, variables: Dict[str, Any]) -> Tuple[List[Dict[str, Any]], Dict[str, str]]:
        """The entries without what was rendered, and the rendered contents by path, in base64."""
        entries = self._task.args.get("files")
        if not isinstance(entries, list):
            raise AnsibleActionFail("files must be a list of mappings")
        files, contents = [], {}
        for number, entry in enumerate(entries, start=1):
            source = source_of(number, entry)
            if source is not None:
                text = self._render(entry, variables) if source == "template" else entry["content"]
                if not isinstance(text, str):
                    raise AnsibleActionFail(f"{entry['path']}: content must be a text, not {type(text).__name__}")
                contents[entry["path"]] = base64.b64encode(text.encode("utf-8")).decode("ascii")
            files.append({name: value for name, value in entry.items() if name not in CONTROL_OPTIONS})
        return files, contents

    def _render(self, entry: Dict[str, Any], variables: Dict[str, Any]) -> str:
        """The text of a template, rendered as ``ansible.builtin.template`` does."""
        source = self._find_template(entry["path"], entry["template"])
        template = trust_as_template(self._loader.get_text_file_contents(source))
        roots = [*variables.get("ansible_search_path", []), self._loader.get_basedir(), os.path.dirname(source)]
        search_path = [path for root in roots for path in (os.path.join(root, "templates"), root)]
        templar = self._templar.copy_with_new_env(
            searchpath=search_path, available_variables={"ansible_managed": "Ansible managed", **variables}
        )
        overrides = {
            "trim_blocks": entry.get("trim_blocks", True),
            "lstrip_blocks": entry.get("lstrip_blocks", False),
        }
        text = templar.template(template, escape_backslashes=False, overrides=overrides)
        return "" if text is None else text

    def _find_template(self, path: str, name: str) -> str:
        """The template's file; the ending .j2 may be left out."""
        candidates = (name,) if name.endswith(".j2") else (f"{name}.j2", name)
        for candidate in candidates:
            try:
                found: str = self._find_needle("templates", candidate)
            except AnsibleError:
                continue
            return found
        raise AnsibleActionFail(f"{path}: found no template {' or '.join(candidates)} below the role's templates")
