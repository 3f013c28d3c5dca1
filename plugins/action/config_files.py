# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Render the templates of a role on the control host, for the module ``config_files``."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template


class ActionModule(ActionBase):
    """Render, then let the module compare and write everything at once."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Return the module's result."""
        super().run(tmp, task_vars)
        files = self._task.args.get("files")
        if not isinstance(files, list):
            raise AnsibleActionFail("files: a list of files is wanted, each with a path")
        arguments = dict(self._task.args, files=[self._with_content(entry, task_vars) for entry in files])
        result = self._execute_module(module_name="freeagentics.platform.config_files", module_args=arguments, task_vars=task_vars)
        result.pop("invocation", None)
        return result

    def _with_content(self, entry, task_vars):
        """Return the entry with its template rendered into ``content``."""
        if not entry.get("template"):
            return entry
        if entry.get("content"):
            raise AnsibleActionFail(f"{entry.get('path')}: give it a template or a content, not both")
        rendered = dict(entry, content=self._render(entry["template"], task_vars))
        del rendered["template"]
        return rendered

    def _render(self, name, task_vars):
        source = self._template_path(name)
        searchpath = [os.path.dirname(source), *(os.path.join(path, "templates") for path in task_vars.get("ansible_search_path", []))]
        templar = self._templar.copy_with_new_env(searchpath=searchpath, available_variables=task_vars)
        text = trust_as_template(self._loader.get_text_file_contents(source))
        return str(templar.template(text, escape_backslashes=False, overrides={"trim_blocks": True, "keep_trailing_newline": True}))

    def _template_path(self, name):
        try:
            return self._find_needle("templates", name if name.endswith(".j2") else f"{name}.j2")
        except AnsibleError:
            try:
                return self._find_needle("templates", name)
            except AnsibleError as error:
                raise AnsibleActionFail(str(error)) from error
