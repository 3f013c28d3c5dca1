"""A load balancer of a scenario, asked from outside as the internet client does, or from another host."""

import os
import subprocess
import time

LAB = f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}"
PUBLIC = {"lb1": "198.51.100.11", "lb2": "198.51.100.12"}
PRIVATE = {"lb1": "10.9.1.10", "lb2": "10.9.2.10"}


def name_of(host):
    """Return a host's name."""
    return host.backend.get_pytest_id().rpartition("/")[2]


def metrics(host):
    """Return what Prometheus reads at the host's own address."""
    return curl(host, f"http://{PRIVATE[name_of(host)]}:8404/metrics", namespace="api1")


def until_logged(host, path, text):
    """Return a log once it has a text, or as it is after 10 s."""
    for _ in range(20):
        log = host.file(path).content_string
        if text in log:
            break
        time.sleep(0.5)
    return log


def curl(host, *arguments, namespace="client"):
    """Ask the site as the internet client does, or as another host of the lab."""
    name = name_of(host)
    command = ["nsenter", f"--net=/run/netns/{LAB}-{namespace}", "curl", "--silent", "--insecure", "--max-time", "10"]
    command += ["--resolve", f"app.molecule.test:443:{PUBLIC[name]}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def certificate(host):
    """Return the certificate that is served."""
    name = name_of(host)
    command = ["nsenter", f"--net=/run/netns/{LAB}-client", "openssl", "s_client", "-connect", f"{PUBLIC[name]}:443"]
    done = subprocess.run(command, capture_output=True, text=True, input="", check=False, timeout=20)
    return done.stdout.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]


def until_certificate(host, condition):
    """Tell whether a condition holds for the served certificate within 15 s."""
    for _ in range(15):
        if condition(certificate(host)):
            return True
        time.sleep(1)
    return False
