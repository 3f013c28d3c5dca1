# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys and requests are made, signed certificates are installed, and what is wrong is asked for again."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ENTRY = {"name": "host", "names": ["db1.internal", "db1"], "addresses": ["10.0.20.10", "fd00:10:0:20::10"]}


class Ca:
    """A certification authority as the control host's."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self.pem = self._sign(self.name, self.key.public_key(), 3650, [(constraints, True)])

    def sign(self, csr, days=397):
        """Return the signed certificate of a request."""
        request = x509.load_pem_x509_csr(csr.encode())
        extensions = [(extension.value, extension.critical) for extension in request.extensions]
        return self._sign(request.subject, request.public_key(), days, extensions)

    def _sign(self, subject, key, days, extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=400))
        builder = builder.not_valid_after(now + datetime.timedelta(days=days))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def ca():
    return Ca()


@pytest.fixture
def tls(tmp_path):
    """The folder of the certificates."""
    folder = tmp_path / "tls"
    folder.mkdir()
    return folder


@pytest.fixture
def certificates(run_module, tls, ca):
    """Run the module with one certificate, changed as given."""

    def run(check_mode=False, signed=None, ca_pem=ca.pem, **changes):
        arguments = {
            "directory": str(tls),
            "ca": ca_pem,
            "certificates": [{**ENTRY, **changes}],
            "signed": signed or {},
        }
        return run_module("host_certificates", check_mode, **arguments)

    return run


@pytest.fixture
def installed(certificates, ca):
    """A certificate that is in place, and its key."""
    certificates(signed={"host": ca.sign(certificates()["requests"][0]["csr"])})


def modes(folder):
    return {path.name: path.stat().st_mode & 0o7777 for path in folder.iterdir()}


def reasons(done):
    return [request["reason"] for request in done["requests"]]


def test_check_mode_makes_no_key(certificates, tls):
    done = certificates(check_mode=True)
    assert done["requests"] == [{"name": "host", "reason": "there is none", "csr": ""}]
    assert done["diff"] == {"before": "host: there is none\n", "after": ""}
    assert modes(tls) == {}


def test_check_mode_works_before_there_is_a_ca(certificates, tls):
    tls.rmdir()
    assert certificates(check_mode=True, ca_pem="")["changed"] is True


def test_the_request_is_for_all_names_and_addresses(certificates, tls):
    request = x509.load_pem_x509_csr(certificates()["requests"][0]["csr"].encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["db1.internal", "db1"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(a) for a in ENTRY["addresses"]]
    assert request.subject.rfc4514_string() == "CN=db1.internal"
    assert modes(tls) == {"host.key": 0o600}


def test_the_key_is_in_no_answer(certificates, tls, ca):
    asked = certificates()
    done = certificates(signed={"host": ca.sign(asked["requests"][0]["csr"])})
    assert "PRIVATE" not in str(asked) + str(done)


def test_a_signed_certificate_is_installed_and_wanted_no_more(certificates, tls, ca):
    done = certificates(signed={"host": ca.sign(certificates()["requests"][0]["csr"])})
    assert (done["changed"], done["diff"]["after"]) == (True, "host: signed\n")
    assert modes(tls) == {"host.key": 0o600, "host.crt": 0o644}
    done = certificates()
    assert (done["changed"], done["requests"]) == (False, [])


def test_the_bundle_is_certificate_ca_and_key_for_root_alone(certificates, tls, ca):
    certificates(bundle=True, signed={"host": ca.sign(certificates(bundle=True)["requests"][0]["csr"])})
    parts = [(tls / "host.crt").read_text(), ca.pem, (tls / "host.key").read_text()]
    assert (tls / "host.pem").read_text() == "".join(parts)
    assert modes(tls)["host.pem"] == 0o600


def test_a_lost_certificate_is_asked_for_with_the_same_key(certificates, installed, tls):
    key = (tls / "host.key").read_text()
    (tls / "host.crt").unlink()
    assert reasons(certificates()) == ["there is none"]
    assert (tls / "host.key").read_text() == key


def test_a_lost_key_is_made_again(certificates, installed, tls, ca):
    (tls / "host.key").unlink()
    done = certificates()
    assert reasons(done) == ["there is none"]
    assert reasons(certificates(signed={"host": ca.sign(done["requests"][0]["csr"])})) == []
    assert certificates()["changed"] is False


def test_a_certificate_that_does_not_belong_to_the_key_is_wanted(certificates, installed, tls):
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tls / "host.key"],
        check=True,
        capture_output=True,
    )
    assert reasons(certificates()) == ["it does not belong to the key"]


def test_another_ca_makes_certificates_wanted(certificates, installed):
    assert reasons(certificates(ca_pem=Ca().pem)) == ["the CA does not vouch for it"]


def test_other_names_make_a_certificate_wanted(certificates, installed):
    assert reasons(certificates(names=["db1"])) == [
        "it is for 10.0.20.10, db1, db1.internal, fd00:10:0:20::10, not for 10.0.20.10, db1, fd00:10:0:20::10"
    ]


def test_a_certificate_that_ends_soon_is_wanted(certificates, ca, tls):
    certificates(signed={"host": ca.sign(certificates()["requests"][0]["csr"], days=31)})
    assert certificates()["changed"] is False
    (tls / "host.crt").write_text(ca.sign(_request(tls), days=29))
    end = x509.load_pem_x509_certificate((tls / "host.crt").read_bytes()).not_valid_after_utc
    assert reasons(certificates()) == [f"it ends on {end:%Y-%m-%d}, within 30 days"]


def _request(tls):
    command = ["openssl", "req", "-new", "-key", tls / "host.key", "-subj", "/CN=db1.internal", "-addext"]
    names = "subjectAltName=DNS:db1.internal,DNS:db1,IP:10.0.20.10,IP:fd00:10:0:20::10"
    return subprocess.run([*command, names], check=True, capture_output=True, text=True).stdout


def test_a_signed_certificate_of_no_use_is_refused_and_the_old_one_stays(certificates, installed, tls):
    before = (tls / "host.crt").read_text()
    done = certificates(signed={"host": Ca().sign(_request(tls))})
    assert done["msg"] == (
        f"{tls}/host.crt: the signed certificate is of no use and was not put in place: the CA does not vouch for it; "
        "run again to ask for another"
    )
    assert (tls / "host.crt").read_text() == before
