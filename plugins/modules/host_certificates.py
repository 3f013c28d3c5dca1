#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say which certificates a host needs, and put signed ones into place."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_certificates
short_description: Say which certificates a host needs, and put signed ones into place
version_added: 0.1.0
description:
  - Looks at all certificates of a host in one call. For each that is missing, wrong or about to end it makes a private
    key, unless one is there, and returns a signing request. Private keys are made on the host and never leave it.
  - Called again with the signed certificates, it checks each against its key, its names and the CA, and puts it into
    place at once.
  - Needs C(openssl) on the host and no Python library.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Says which certificates are needed and why; makes no key and returns no request.
  diff_mode:
    support: full
    description: One line per certificate that is needed or installed.
options:
  directory:
    description: Where certificates and keys are; it must exist unless in check mode.
    type: path
    required: true
  ca:
    description: The CA's certificate in PEM form. Empty only in check mode, before there is a CA.
    type: str
    required: true
  renew_before_days:
    description: Ask for a new certificate when the old one ends within this many days.
    type: int
    default: 30
  certificates:
    description: The certificates of the host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the files, C(<name>.crt) and C(<name>.key).
        type: str
        required: true
      names:
        description: The DNS names that it is for; the first is the common name.
        type: list
        elements: str
        required: true
      addresses:
        description: The IP addresses that it is for.
        type: list
        elements: str
        default: []
      group:
        description: The group that may read the key, besides root.
        type: str
        default: root
      bundle:
        description: Also write C(<name>.pem) with certificate, CA and key, for root alone, as load balancers want it.
        type: bool
        default: false
  signed:
    description: The signed certificates in PEM form, by name.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See which certificates are needed
  freeagentics.platform.host_certificates:
    directory: /etc/freeagentics/tls
    ca: "{{ lookup('ansible.builtin.file', 'secrets/prod/pki/ca.crt') }}"
    certificates:
      - {name: host, names: [db1.freeagentics.internal, db1], addresses: [10.0.20.10]}
  register: needed
"""

RETURN = r"""
requests:
  description: What has to be signed, in the order of the parameter.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The certificate's name.
      type: str
    reason:
      description: Why it is needed.
      type: str
      sample: there is none
    csr:
      description: The signing request in PEM form; empty in check mode.
      type: str
"""

import os
import tempfile
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.pki.certificates import (
    Found,
    Wanted,
    alternative_names,
    parse_alternative_names,
    parse_not_after,
    reason_to_renew,
)


class Host:
    """The certificates of this host, through openssl."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.directory = module.params["directory"]

    def path(self, entry: dict, suffix: str) -> str:
        """Return the path of one file of a certificate."""
        return os.path.join(self.directory, f"{entry['name']}.{suffix}")

    def openssl(self, *arguments: str) -> str:
        """Run openssl and return what it prints; fail with what it says."""
        return self.module.run_command(["openssl", *arguments], check_rc=True)[1]

    def found(self, entry: dict):
        """Return what is there of a certificate, or None where a part is missing."""
        certificate, key = self.path(entry, "crt"), self.path(entry, "key")
        parts = [certificate, key] + ([self.path(entry, "pem")] if entry["bundle"] else [])
        if not all(os.path.isfile(part) for part in parts):
            return None
        return self.describe(certificate, key)

    def describe(self, certificate: str, key: str) -> Found:
        """Return what openssl says of a certificate and the key beside it."""
        text = self.openssl("x509", "-in", certificate, "-noout", "-enddate", "-ext", "subjectAltName")
        names, addresses = parse_alternative_names(text)
        return Found(
            names=names,
            addresses=frozenset(str(ip_address(address)) for address in addresses),
            not_after=parse_not_after(text),
            chains=self._chains(certificate),
            fits_key=self.openssl("x509", "-in", certificate, "-noout", "-pubkey")
            == self.openssl("pkey", "-in", key, "-pubout"),
        )

    def _chains(self, certificate: str) -> bool:
        with tempfile.NamedTemporaryFile("w", suffix=".crt") as ca:
            ca.write(self.module.params["ca"])
            ca.flush()
            return self.module.run_command(["openssl", "verify", "-CAfile", ca.name, certificate])[0] == 0

    def reason(self, entry: dict, found) -> str:
        """Return why a certificate is needed where this one is found, or the empty text."""
        wanted = Wanted(
            names=frozenset(entry["names"]),
            addresses=frozenset(str(ip_address(address)) for address in entry["addresses"]),
            renew_before=timedelta(days=self.module.params["renew_before_days"]),
        )
        return reason_to_renew(wanted, found, datetime.now(timezone.utc))

    def request(self, entry: dict) -> str:
        """Return a signing request, with a key that is made if there is none."""
        key = self.path(entry, "key")
        if not os.path.isfile(key):
            self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{key}.new")
            os.replace(f"{key}.new", key)
        self.own_key(entry)
        extension = f"subjectAltName={alternative_names(entry['names'], entry['addresses'])}"
        return self.openssl("req", "-new", "-key", key, "-subj", f"/CN={entry['names'][0]}", "-addext", extension)

    def own_key(self, entry: dict) -> None:
        """Let root and the certificate's group read the key, and nobody else."""
        key = self.path(entry, "key")
        self.module.set_group_if_different(key, entry["group"], False)
        self.module.set_mode_if_different(key, "0600" if entry["group"] == "root" else "0640", False)

    def install(self, entry: dict, pem: str) -> None:
        """Put a signed certificate into place, unless it would have to be asked for again at once."""
        path = self.path(entry, "key")
        with tempfile.NamedTemporaryFile("w", suffix=".crt") as new:
            new.write(pem)
            new.flush()
            reason = self.reason(entry, self.describe(new.name, path))
        if reason:
            message = (
                f"the signed certificate is of no use and was not put in place: {reason}; run again to ask for another"
            )
            self.module.fail_json(msg=f"{self.path(entry, 'crt')}: {message}")
        with open(path, encoding="ascii") as file:
            key = file.read()
        if entry["bundle"]:
            self._replace(self.path(entry, "pem"), pem + self.module.params["ca"] + key, 0o600)
        self._replace(self.path(entry, "crt"), pem, 0o644)

    @staticmethod
    def _replace(path: str, text: str, mode: int) -> None:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)


def ask(host: Host) -> None:
    """Return the requests of the certificates that are needed."""
    requests = []
    for entry in host.module.params["certificates"]:
        reason = host.reason(entry, host.found(entry))
        if reason:
            csr = "" if host.module.check_mode else host.request(entry)
            requests.append({"name": entry["name"], "reason": reason, "csr": csr})
    lines = "".join(f"{request['name']}: {request['reason']}\n" for request in requests)
    host.module.exit_json(changed=bool(requests), requests=requests, diff={"before": lines, "after": ""})


def install(host: Host) -> None:
    """Install the signed certificates."""
    signed = host.module.params["signed"]
    for entry in host.module.params["certificates"]:
        if entry["name"] in signed:
            host.install(entry, signed[entry["name"]])
    lines = "".join(f"{name}: signed\n" for name in signed)
    host.module.exit_json(changed=True, requests=[], diff={"before": "", "after": lines})


def main() -> None:
    """Ask for certificates, or install them."""
    certificate = {
        "name": {"type": "str", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "addresses": {"type": "list", "elements": "str", "default": []},
        "group": {"type": "str", "default": "root"},
        "bundle": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "ca": {"type": "str", "required": True},
            "renew_before_days": {"type": "int", "default": 30},
            "certificates": {"type": "list", "elements": "dict", "required": True, "options": certificate},
            "signed": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    os.umask(0o077)
    host = Host(module)
    if module.params["signed"] and not module.check_mode:
        install(host)
    ask(host)


if __name__ == "__main__":
    main()
